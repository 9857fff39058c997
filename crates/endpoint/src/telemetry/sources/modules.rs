//! Modules of the kernel, by looking at `/proc/modules` now and then. One that hides itself from there is not seen.

use super::Outlet;
use crate::telemetry::assembly::Signal;
use crate::telemetry::event::{ModuleActivity, ModuleDid, Source};
use crate::telemetry::facts::{bounded, now};
use std::collections::BTreeMap;
use std::time::Duration;

const TABLE_BYTES_MAX: u64 = 4 << 20;
pub const TABLE: &str = "/proc/modules";

/// Modules by name: their bytes, and what is odd about them.
pub type Modules = BTreeMap<String, (u64, String)>;

/// Reads the table of the kernel.
pub fn modules(table: &[u8]) -> Modules {
    let module = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (name, bytes) = (fields.next()?.to_owned(), fields.next()?.parse().ok()?);
        let taints = fields.nth(4).unwrap_or_default().trim_matches(['(', ')']);
        Some((name, (bytes, taints.to_owned())))
    };
    String::from_utf8_lossy(table).lines().filter_map(module).collect()
}

/// What came and went between two looks.
pub fn changes(before: &Modules, after: &Modules) -> Vec<ModuleActivity> {
    let told = |activity, name: &String, (bytes, taints): &(u64, String)| ModuleActivity {
        activity,
        name: name.clone(),
        bytes: *bytes,
        taints: taints.clone(),
    };
    let gone = before.iter().filter(|(name, what)| after.get(*name) != Some(what));
    let came = after.iter().filter(|(name, what)| before.get(*name) != Some(what));
    let gone = gone.map(|(name, what)| told(ModuleDid::Unload, name, what));
    gone.chain(came.map(|(name, what)| told(ModuleDid::Load, name, what))).collect()
}

/// Looks until it is told to stop, and once more then.
pub fn run(outlet: &Outlet, every: Duration) {
    let look = || bounded(TABLE, TABLE_BYTES_MAX).map(|table| modules(&table));
    let Ok(mut before) = look() else { return };
    let there = u64::try_from(before.len()).unwrap_or(u64::MAX);
    outlet.put(Signal::LeftOut { source: Source::Modules, count: there });
    loop {
        let goes_on = outlet.wait(every);
        if let Ok(after) = look() {
            for activity in changes(&before, &after) {
                outlet.put(Signal::Module { time: now(), activity });
            }
            before = after;
        }
        if !goes_on {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_loaded_and_unloaded_is_told() {
        let before = modules(b"ext4 1000 1 - Live 0x0000000000000000\nloop 20 0 - Live 0x0\n\nbent\n");
        assert_eq!(before.len(), 2);
        let after = modules(b"ext4 1000 1 - Live 0x0\nodd 7 0 ext4, Live 0x0000000000000000 (OE)\n");
        let shown: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|it| format!("{:?} {} {} {}", it.activity, it.name, it.bytes, it.taints))
            .collect();
        assert_eq!(shown, ["Unload loop 20 ", "Load odd 7 OE"]);
        assert_eq!(changes(&after, &after), []);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            modules(&bytes);
        }
    }
}
