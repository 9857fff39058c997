use super::*;
use crate::packet::{Tcp, TcpOptions, tcp_flags::*};
use crate::session::Side::{self, Originator, Responder};
use proptest::prelude::*;

fn tcp(sequence: u32, acknowledgement: u32, flags: u8) -> Tcp {
    Tcp {
        source: 1,
        destination: 2,
        sequence,
        acknowledgement,
        flags,
        window: 0,
        urgent: 0,
        options: TcpOptions::default(),
    }
}

/// A connection fed by hand, with what came out of it.
#[derive(Default)]
struct Fed {
    session: Session,
    rules: Rules,
    seen: Vec<String>,
}

impl Fed {
    fn put(&mut self, side: Side, segment: Tcp, data: &[u8]) -> Taken {
        let seen = &mut self.seen;
        self.session.segment(side, &segment, data, &self.rules, &mut |side, chunk| {
            let who = if side == Originator { '>' } else { '<' };
            seen.push(match chunk {
                Chunk::Data(data) => format!("{who}{}", String::from_utf8_lossy(data)),
                Chunk::Gap(length) => format!("{who}gap {length}"),
            });
        })
    }
}

#[test]
fn a_whole_connection_goes_through_its_states() {
    let mut fed = Fed::default();
    let mut states = Vec::new();
    for (side, segment, data) in [
        (Originator, tcp(u32::MAX, 0, SYN), &b""[..]),
        (Responder, tcp(900, 0, SYN | ACK), b""),
        (Originator, tcp(0, 901, ACK), b""),
        (Originator, tcp(0, 901, ACK | PSH), b"hello"),
        (Responder, tcp(901, 5, ACK | PSH), b"you"),
        (Responder, tcp(904, 5, ACK | FIN), b""),
        (Originator, tcp(5, 905, ACK), b""),
        (Originator, tcp(5, 905, ACK | FIN), b""),
        (Responder, tcp(905, 6, ACK), b""),
    ] {
        fed.put(side, segment, data);
        states.push(fed.session.state.name());
    }
    assert_eq!(fed.seen, [">hello", "<you"]);
    assert_eq!(
        states,
        [
            "syn_sent",
            "syn_recv",
            "established",
            "established",
            "established",
            "fin_wait1",
            "fin_wait2",
            "time_wait",
            "closed"
        ]
    );
}

#[test]
fn a_hole_is_a_gap_once_the_other_side_has_what_lies_behind_it() {
    let mut fed = Fed::default();
    fed.put(Originator, tcp(100, 0, SYN), b"");
    fed.put(Responder, tcp(0, 101, SYN | ACK), b"");
    fed.put(Originator, tcp(101, 1, ACK), b"one");
    fed.put(Originator, tcp(109, 1, ACK), b"three");
    assert_eq!(fed.seen, [">one"]);
    fed.put(Responder, tcp(1, 114, ACK), b"");
    assert_eq!(fed.seen, [">one", ">gap 5", ">three"]);
}

#[test]
fn the_middle_of_a_connection_is_followed_unless_told_otherwise() {
    let mut fed = Fed::default();
    assert_eq!(fed.put(Originator, tcp(50, 70, ACK), b"abc"), Taken::Followed);
    fed.put(Responder, tcp(70, 53, ACK), b"def");
    assert_eq!(fed.seen, [">abc", "<def"]);
    let mut strict = Fed { rules: Rules { midstream: false, ..Rules::default() }, ..Fed::default() };
    assert_eq!(strict.put(Originator, tcp(50, 70, ACK), b"abc"), Taken::NotFollowed);
}

#[test]
fn two_stories_for_one_place_are_counted_and_the_policy_decides() {
    for (overlap, told) in [(Overlap::First, ">abcDEF"), (Overlap::Last, ">abcdef")] {
        let mut fed = Fed { rules: Rules { overlap, ..Rules::default() }, ..Fed::default() };
        fed.put(Originator, tcp(0, 0, SYN), b"");
        fed.put(Originator, tcp(4, 0, ACK), b"DEF");
        fed.put(Originator, tcp(4, 0, ACK), b"def");
        fed.put(Originator, tcp(1, 0, ACK), b"abc");
        assert_eq!(fed.seen.concat(), told.replacen("abc", "abc>", 1));
        assert_eq!(fed.session.halves.originator.counts.conflicting, 1);
    }
}

#[test]
fn what_is_held_back_stays_within_its_limit() {
    let mut fed = Fed::default();
    fed.put(Originator, tcp(0, 0, SYN), b"");
    let piece = vec![b'x'; 1 << 14];
    for number in 0..200u32 {
        fed.put(Originator, tcp(100 + number * (1 << 15), 0, ACK), &piece);
        assert!(fed.session.halves.originator.held_bytes() <= super::half::HELD_BYTES_MAX);
    }
    assert!(fed.seen.iter().any(|seen| seen.starts_with(">gap")));
}

proptest! {
    /// Any cutting, any order, any repetition of the segments gives the same stream.
    #[test]
    fn any_segmentation_gives_the_same_stream(
        cuts in proptest::collection::vec(1usize..40, 1..12),
        start in any::<u32>(),
        order in Just((0..12usize).collect::<Vec<_>>()).prop_shuffle(),
        again in proptest::collection::vec(0usize..12, 0..6),
    ) {
        let whole: Vec<u8> = (0..cuts.iter().sum::<usize>()).map(|at| (at % 251) as u8).collect();
        let mut pieces = Vec::new();
        let mut at = 0;
        for cut in &cuts {
            pieces.push((at, &whole[at..at + cut]));
            at += cut;
        }
        let mut half = Half::default();
        half.begin(start);
        let mut stream = Vec::new();
        for number in order.into_iter().chain(again) {
            if let Some((at, data)) = pieces.get(number) {
                half.segment(start.wrapping_add(*at as u32), data, Overlap::First, &mut |chunk| match chunk {
                    Chunk::Data(data) => stream.extend_from_slice(data),
                    Chunk::Gap(_) => unreachable!("nothing is missing"),
                });
            }
        }
        prop_assert_eq!(stream, whole);
        prop_assert_eq!(half.held_bytes(), 0);
    }

    #[test]
    fn no_segments_panic(segments in proptest::collection::vec((any::<bool>(), any::<u32>(), any::<u32>(), any::<u8>(), 0usize..20), 0..30)) {
        let mut fed = Fed::default();
        for (side, sequence, acknowledgement, flags, length) in segments {
            let side = if side { Originator } else { Responder };
            fed.put(side, tcp(sequence, acknowledgement, flags), &vec![b'a'; length]);
        }
    }
}
