//! What the store promises, held on SQLite and on PostgreSQL by the same tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod archive;
mod assets;
mod audit;
mod crash;
mod endpoints;
mod files;
mod fixture;
mod hosts;
mod hunts;
mod jobs;
mod knowledge;
mod plans;
mod profiles;
mod rollouts;
mod traffic;

use fixture::{Place, postgres, sqlite};

/// Each test by itself on SQLite, and all of them one after the other in one PostgreSQL, because starting one takes
/// longer than the tests.
macro_rules! on_both_databases {
    ($($room:ident :: $name:ident),* $(,)?) => {
        $(#[test] fn $name() { sqlite(|place: Place| $room::$name(place)); })*

        #[test]
        fn the_same_holds_on_postgres() {
            let Some(cluster) = testkit::postgres() else { return };
            $(
                eprintln!("on postgres: {}", stringify!($name));
                postgres(&cluster, stringify!($name), |place: Place| $room::$name(place));
            )*
        }
    };
}

on_both_databases![
    accounts::the_setup_token_makes_one_administrator_once,
    accounts::names_differ_by_more_than_case,
    accounts::a_change_of_the_user_ends_the_sessions,
    accounts::tokens_and_sessions_run_out,
    accounts::failed_logins_are_counted_per_key,
    archive::a_backup_restores_to_the_same_everywhere,
    archive::a_damaged_backup_changes_nothing,
    assets::paging_gives_each_row_once_in_order,
    assets::filters_select_what_they_say,
    assets::a_search_finds_what_contains_its_words,
    assets::facets_and_counts_add_up,
    assets::the_exposure_list_pages_over_weapons,
    assets::the_overview_counts_every_host_once,
    audit::a_change_and_its_record_are_one,
    audit::any_tampering_shows,
    audit::appends_at_the_same_time_keep_the_chain_whole,
    endpoints::groups_change_only_on_top_of_what_was_looked_at,
    endpoints::what_is_denied_everywhere_raises_all_orders_once,
    endpoints::endpoints_are_listed_as_they_say_they_are,
    endpoints::what_was_asked_of_an_isolation_stands_beside_what_is_so,
    endpoints::what_ran_is_added_up_once_over_endpoints,
    endpoints::an_incident_is_one_however_it_is_told,
    endpoints::a_proposal_is_decided_by_one_person_at_a_time,
    endpoints::checks_stand_as_they_were_told_and_what_became_of_them_stays,
    endpoints::what_was_found_in_memory_is_listed,
    endpoints::a_release_comes_back_byte_for_byte_and_raises_all_orders,
    files::a_content_waits_once_however_often_it_is_seen,
    files::no_two_workers_get_the_same_file,
    files::a_result_is_taken_once_from_whoever_has_the_file,
    files::what_takes_down_its_workers_is_set_aside,
    files::what_is_asked_for_comes_first_and_can_be_asked_for_again,
    files::a_list_stands_above_the_verdict,
    files::a_known_hash_decides_while_a_list_has_it,
    files::a_worker_is_given_what_waits_for_what_it_does,
    files::what_a_trusted_publisher_signed_is_clean,
    files::files_are_found_by_what_they_are_and_have,
    files::the_oldest_make_room_and_the_bad_ones_last,
    hosts::a_chunk_stored_twice_is_stored_once,
    hosts::two_records_of_one_machine_become_one,
    hosts::a_name_with_a_nul_is_stored,
    hosts::a_chunk_of_an_unknown_import_leaves_nothing,
    hosts::forgetting_a_host_leaves_nothing_of_it,
    hunts::hours_that_are_written_again_count_once,
    hunts::who_met_what_is_told_in_pages,
    hunts::what_is_looked_for_comes_back_in_parts_and_once,
    hunts::a_hunt_ends_with_its_job_and_a_list_knows_its_hunts,
    jobs::no_two_workers_get_the_same_job,
    jobs::a_dead_worker_loses_its_job_and_the_next_goes_on,
    jobs::cancelling_stops_a_queued_job_and_asks_a_running_one,
    jobs::logs_and_pages_keep_their_order,
    knowledge::an_overlay_comes_back_byte_for_byte,
    knowledge::settings_and_mappings_are_replaced,
    plans::the_same_plan_keeps_its_state_and_another_is_a_draft,
    plans::facts_that_leave_nothing_to_do_verify_the_work,
    plans::a_plan_moves_only_along_its_states,
    plans::the_board_counts_what_the_list_shows,
    plans::many_plans_move_each_by_itself_with_its_own_record,
    rollouts::a_ring_stands_as_its_hosts_do,
    rollouts::an_action_is_rolled_out_once_at_a_time,
    rollouts::a_host_keeps_its_ring_when_two_records_become_one,
    profiles::hosts_are_counted_by_profile_and_leave_no_count_behind,
    profiles::a_list_by_profiles_has_exactly_their_hosts,
    profiles::profiles_of_another_form_are_made_again,
    profiles::a_backup_carries_the_profiles,
    traffic::sessions_page_newest_first_and_filters_select_what_they_say,
    traffic::a_capture_read_again_replaces_what_it_gave,
    traffic::findings_are_grouped_and_their_conversations_are_found,
    traffic::the_oldest_sessions_make_room_and_are_counted,
    traffic::what_stands_out_is_told_once_over_all_captures,
    traffic::a_capture_is_learned_once_and_the_silent_make_room,
    traffic::indicators_are_kept_once_with_their_list_and_raise_the_version,
    traffic::a_word_in_no_index_is_searched_for_in_windows,
];
