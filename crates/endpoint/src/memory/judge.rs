//! What stands in memory is judged as files are: by its content, by how it came there, by whose it is, and by its place. The
//! same facts give the same answer; nobody is asked.

use super::facts::{Begins, Code, Finding, ProcessFacts, Reason, RegionFacts};
use super::maps::Origin;
use crate::telemetry::event::Publisher;
use model::Message;

/// From here on somebody should look at it: one strong sign.
pub const SUSPICIOUS_AT: u32 = 40;
/// From here on it hardly is honest: a decisive sign, or two strong ones.
pub const MALICIOUS_AT: u32 = 80;

/// What a region counts, with every reason. One without reasons is nothing to tell of.
pub fn judge(process: &ProcessFacts, facts: &RegionFacts) -> Finding {
    let mut reasons = Vec::new();
    origin(process, facts, &mut reasons);
    code(facts, &mut reasons);
    if !reasons.is_empty() {
        circumstances(process, facts, &mut reasons);
    }
    let points: i32 = reasons.iter().map(|reason| reason.points).sum();
    Finding {
        process: process.clone(),
        facts: facts.clone(),
        points: u32::try_from(points.max(0)).unwrap_or(0),
        reasons,
    }
}

fn add(reasons: &mut Vec<Reason>, points: i32, message: Message) {
    reasons.push(Reason { points, message });
}

/// How it came there.
fn origin(process: &ProcessFacts, facts: &RegionFacts, reasons: &mut Vec<Reason>) {
    let region = &facts.region;
    match &region.origin {
        Origin::Anonymous | Origin::Heap | Origin::Stack => {
            let (points, code) = match (&region.origin, region.write) {
                (Origin::Anonymous, true) => (40, "memory.anonymous-written"),
                (Origin::Anonymous, false) => (30, "memory.anonymous"),
                (Origin::Heap, _) => (50, "memory.heap"),
                _ => (50, "memory.stack"),
            };
            add(reasons, points, Message::new(code));
            if facts.begins == Begins::Image {
                add(reasons, 50, Message::new("memory.image"));
            }
        }
        Origin::Memfd { name } => {
            add(reasons, 60, Message::new("memory.memfd").with("name", name));
        }
        Origin::Deleted { path } if is_open_place(path) => {
            add(reasons, 60, Message::new("memory.deleted-open").with("path", path));
        }
        Origin::Deleted { path } => {
            // After an update this is how everything looks that was not started anew.
            let of_package = matches!(process.publisher, Publisher::Package { .. });
            let points = if of_package { 10 } else { 25 };
            add(reasons, points, Message::new("memory.deleted").with("path", path));
        }
        Origin::File { path } => {
            if region.write {
                add(reasons, 25, Message::new("memory.file-written").with("path", path));
            }
            if is_open_place(path) {
                add(reasons, 20, Message::new("memory.open-place").with("path", path));
            }
        }
        Origin::Kernel => {}
    }
}

/// What is in it, against the file.
fn code(facts: &RegionFacts, reasons: &mut Vec<Reason>) {
    let path = facts.region.path().unwrap_or_default();
    if let Code::Differs(it) = facts.code {
        let (points, code) = match (it.relocated, it.breakpoints) {
            (true, _) => (10, "memory.relocated"),
            (_, true) => (25, "memory.breakpoints"),
            _ => (70, "memory.code-differs"),
        };
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let message = Message::new(code).with("path", path).number("bytes", number(it.bytes));
        add(reasons, points, message.number("pages", number(it.pages)).with("first", format!("{:#x}", it.first)));
    }
    if let Publisher::Altered { name } = &facts.publisher {
        add(reasons, 40, Message::new("memory.altered").with("path", path).with("package", name));
    }
}

/// What makes it better or worse.
fn circumstances(process: &ProcessFacts, facts: &RegionFacts, reasons: &mut Vec<Reason>) {
    let makes_code = matches!(facts.region.origin, Origin::Anonymous | Origin::Memfd { .. });
    if let Some(jit) = process.jit.as_ref().filter(|_| makes_code && facts.begins != Begins::Image) {
        add(reasons, -35, Message::new("memory.jit").with("name", jit));
    } else if !facts.threads.is_empty() {
        let threads = i64::try_from(facts.threads.len()).unwrap_or(i64::MAX);
        add(reasons, 40, Message::new("memory.threads").number("threads", threads));
    }
    if makes_code && facts.pages == Some(0) {
        add(reasons, -20, Message::new("memory.empty"));
    }
    if let Some(tracer) = process.tracer {
        add(reasons, 15, Message::new("memory.traced").number("tracer", tracer));
    }
    if process.publisher == Publisher::Nobody && is_open_place(&process.path) {
        add(reasons, 15, Message::new("memory.program-open").with("path", &process.path));
    }
}

/// Where everybody may write.
fn is_open_place(path: &str) -> bool {
    ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/"].iter().any(|place| path.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::super::facts::Difference;
    use super::super::maps::Region;
    use super::*;
    use crate::telemetry::event::Text;

    fn facts(origin: Origin) -> RegionFacts {
        let region =
            Region { start: 0, end: 8192, write: false, execute: true, shared: false, offset: 0, inode: 1, origin };
        RegionFacts {
            region,
            pages: Some(2),
            begins: Begins::Other,
            code: Code::NoFile,
            publisher: Publisher::Unread,
            threads: Vec::new(),
        }
    }

    fn of_package() -> ProcessFacts {
        let publisher = Publisher::Package { name: Text::from("x") };
        ProcessFacts { path: "/usr/bin/x".into(), publisher, ..ProcessFacts::default() }
    }

    fn points(process: &ProcessFacts, facts: &RegionFacts) -> u32 {
        judge(process, facts).points
    }

    #[test]
    fn code_of_a_file_that_is_as_the_file_is_nothing() {
        let mut facts = facts(Origin::File { path: "/usr/lib/x.so".into() });
        facts.code = Code::Untouched;
        assert!(judge(&of_package(), &facts).reasons.is_empty());
        assert!(judge(&of_package(), &self::facts(Origin::Kernel)).reasons.is_empty());
    }

    #[test]
    fn known_makers_of_code_are_facts_but_no_suspects() {
        let (mut process, mut facts) = (of_package(), facts(Origin::Anonymous));
        facts.region.write = true;
        assert_eq!(points(&process, &facts), SUSPICIOUS_AT);
        process.jit = Some("java".into());
        let finding = judge(&process, &facts);
        assert_eq!((finding.points, finding.reasons.len()), (5, 2));
        // A library that was put into its memory is no code that it made.
        facts.begins = Begins::Image;
        assert!(points(&process, &facts) >= MALICIOUS_AT);
    }

    #[test]
    fn code_that_was_changed_weighs_most() {
        let mut facts = facts(Origin::File { path: "/usr/lib/libc.so.6".into() });
        let mut difference =
            Difference { pages: 1, bytes: 5, first: 0x1000, breakpoints: false, relocated: false, cut: false };
        facts.code = Code::Differs(difference);
        assert_eq!(points(&of_package(), &facts), 70);
        let traced = ProcessFacts { tracer: Some(9), ..of_package() };
        assert_eq!(points(&traced, &facts), 85);
        difference.breakpoints = true;
        facts.code = Code::Differs(difference);
        assert!(points(&of_package(), &facts) < SUSPICIOUS_AT, "a debugger is at work");
        difference.relocated = true;
        facts.code = Code::Differs(difference);
        assert_eq!(points(&of_package(), &facts), 10);
    }

    #[test]
    fn an_update_is_no_attack() {
        let updated = facts(Origin::Deleted { path: "/usr/lib/libssl.so.3".into() });
        assert_eq!(points(&of_package(), &updated), 10);
        let gone = facts(Origin::Deleted { path: "/tmp/.x/lib.so".into() });
        assert!(points(&of_package(), &gone) >= SUSPICIOUS_AT);
    }
}
