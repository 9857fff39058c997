//! Ordinary RDP of old and new clients: the conditions that hold are marked, the suspicious ones are not.

use sensor::output::{Output, Seen};
use sensor::{Options, Worker, source};
use std::path::Path;
use std::sync::{Arc, Mutex};
use wire::proto::Event;
use wire::session::{Mark, Place};

#[derive(Clone, Default)]
struct Marks(Arc<Mutex<Vec<String>>>);

impl Output for Marks {
    fn event(&mut self, _seen: &Seen<'_>, _event: Event<'_>, _place: Place) {}

    fn mark(&mut self, _seen: &Seen<'_>, mark: &Mark) {
        self.0.lock().unwrap().push(mark.code.to_owned());
    }
}

fn marks(capture: &Path) -> Vec<String> {
    let marks = Marks::default();
    let mut worker = Worker::new(Options::default(), vec![Box::new(marks.clone())]);
    let mut number = 0;
    source::read(capture, &mut |frame| {
        number += 1;
        worker.frame(frame, number);
        true
    })
    .unwrap();
    worker.finish().unwrap();
    marks.0.lock().unwrap().clone()
}

#[test]
fn ordinary_sessions_do_not_look_like_an_attack_on_smart_cards() {
    let Some(folder) = testkit::data("captures/negatives") else { return };
    let captures: Vec<_> = source::files(&folder).unwrap();
    let ours = captures.iter().filter(|path| path.to_string_lossy().contains("rdp"));
    let mut seen = 0;
    let mut legacy = 0;
    for capture in ours {
        let marks = marks(capture);
        seen += 1;
        legacy += usize::from(marks.iter().any(|code| code == "rdp.legacy-encryption"));
        for code in ["rdp.device-chunk-overlong", "rdp.smartcard-announced-legacy", "rdp.malformed"] {
            assert!(!marks.iter().any(|mark| mark == code), "{}: {code}", capture.display());
        }
    }
    assert!(seen >= 2 && legacy >= 1, "{seen} captures, {legacy} with old encryption");
}
