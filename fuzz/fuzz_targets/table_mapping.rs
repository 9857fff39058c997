#![no_main]

use inventory::{Limits, Mapping, read_table};

// The mapping a person sends, as JSON in the first line, and the table below it.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    if let Ok(mapping) = serde_json::from_slice::<Mapping>(&data[..end]) {
        let _ = inventory::hosts(read_table("hosts.csv", &data[end + 1..], &mapping, &Limits::default()).observations);
    }
});
