#![no_main]
//! Any file and everything inside it, within small limits; what it tells is of the types that are declared.

use formats::{Limits, Part, State, Value};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let limits = Limits { file_bytes: 4 << 20, expanded_bytes: 16 << 20, children: 500, steps: 1 << 17, ..Limits::default() };
    let passwords = ["infected".to_owned()];
    let tree = formats::take_apart("x", input, &limits, &passwords, &|| false);
    tree.all().for_each(look);
});

fn look(part: &Part) {
    for vector in &part.vectors {
        let declared = formats::declared().find(|fact| (fact.namespace, fact.name) == (vector.namespace, vector.name));
        let declared = declared.expect("every fact is declared");
        if let State::Known(value) = &vector.state {
            let spelled = declared.value == "integer" && matches!(value, Value::Text(_));
            assert!(value.type_label() == declared.value || spelled, "{}.{}", vector.namespace, vector.name);
        }
    }
}
