//! The rendered files of one plan each for XP, 7 and 10, as they leave the house.
//!
//! `UPDATE_EXPECT=1` rewrites them; the difference is reviewed like code.
use crate::common::*;
use expect_test::expect_file;
use hardening::{Options, scripts};
use model::*;

fn check(folder: &str, host: &Host, actions: Vec<Action>) {
    let plan = plan(&format!("{folder}-1"), host, actions);
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    std::fs::create_dir_all(&golden).unwrap();
    let options = Options { packages: [(KbId(4012212), "ab".repeat(32))].into() };
    for file in scripts(host, &plan, &options) {
        let text = String::from_utf8(file.bytes).unwrap();
        // The goldens keep plain line ends, so that they read well in a review.
        expect_file![golden.join(&file.name)].assert_eq(&text.replace("\r\n", "\n"));
    }
}

#[test]
fn an_xp_host() {
    let host = host("XP-OFFICE", "5.1.2600", Role::StandaloneWorkstation);
    let actions = vec![
        block(&["tcp/139", "tcp/445"]),
        control("smb-over-tcp-off"),
        control("netbios-off"),
        patch(ActionKind::KeyPatch, &[4012598], true),
        action(ActionKind::Verify),
        action(ActionKind::RollBack),
    ];
    check("xp", &host, actions);
}

#[test]
fn a_windows_7_host() {
    let host = host("WIN7-LINE4", "6.1.7600", Role::MemberWorkstation);
    let actions = vec![
        block(&["tcp/139", "tcp/445"]),
        disable(&["Spooler"]),
        control("disable-smb1"),
        patch(ActionKind::BasePatch, &[976932], true),
        patch(ActionKind::KeyPatch, &[4012212, 4012215], true),
        action(ActionKind::RollBack),
    ];
    check("seven", &host, actions);
}

#[test]
fn a_windows_10_host() {
    let host = host("WIN10-LAB", "10.0.14393", Role::MemberWorkstation);
    let actions = vec![
        block(&["tcp/3389"]),
        control("disable-smb1"),
        control("rdp-nla"),
        control("allow-list"),
        control("unshare-printers"),
    ];
    check("ten", &host, actions);
}
