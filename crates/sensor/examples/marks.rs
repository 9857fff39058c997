//! Counts the marks of captures by conversation: `marks CAPTURE...`. One line each: ends, code, count, first detail.

use sensor::output::{Output, Seen};
use sensor::{Options, Worker, source};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use wire::proto::Event;
use wire::session::{Mark, Place};

#[derive(Default)]
struct Marks {
    seen: BTreeMap<(String, &'static str), (u64, String)>,
}

impl Output for Marks {
    fn event(&mut self, _seen: &Seen<'_>, _event: Event<'_>, _place: Place) {}

    fn mark(&mut self, seen: &Seen<'_>, mark: &Mark) {
        let (from, to) = (seen.flow.originator, seen.flow.responder);
        let ends = format!("{}:{} {}:{}", from.address, from.port, to.address, to.port);
        let detail = mark.detail.clone().unwrap_or_default();
        self.seen.entry((ends, mark.code)).or_insert((0, detail)).0 += 1;
    }

    fn finish(&mut self) -> std::io::Result<()> {
        for ((ends, code), (count, detail)) in &self.seen {
            println!("{ends} {code} {count} {detail}");
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for capture in std::env::args().skip(1) {
        println!("== {capture}");
        let mut worker = Worker::new(Options::default(), vec![Box::new(Marks::default())]);
        let mut number = 0;
        source::read(Path::new(&capture), &mut |frame| {
            number += 1;
            worker.frame(frame, number);
            true
        })?;
        worker.finish()?;
    }
    Ok(())
}
