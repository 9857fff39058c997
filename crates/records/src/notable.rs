//! What stands out: behaviour beyond a threshold, indicators that were met.

use crate::column::{Column, Holds, Kind, Value};
use model::{Notable, NotableKind};

pub static NOTABLES: Kind<Notable> = Kind { name: "notable", version: 1, columns: COLUMNS };

const fn always(name: &'static str, holds: Holds, value: for<'a> fn(&'a Notable) -> Value<'a>) -> Column<Notable> {
    Column { name, holds, optional: false, value }
}

const fn maybe(name: &'static str, holds: Holds, value: for<'a> fn(&'a Notable) -> Value<'a>) -> Column<Notable> {
    Column { name, holds, optional: true, value }
}

const COLUMNS: &[Column<Notable>] = &[
    always("kind", Holds::Text, |notable| {
        Value::text(match notable.kind {
            NotableKind::Behaviour => "behaviour",
            NotableKind::Indicator => "indicator",
        })
    }),
    always("name", Holds::Text, |notable| Value::text(&notable.name)),
    maybe("value", Holds::Text, |notable| unless_empty(&notable.value)),
    maybe("place", Holds::Text, |notable| unless_empty(&notable.place)),
    always("originator", Holds::Text, |notable| Value::shown(notable.originator)),
    maybe("responder", Holds::Text, |notable| notable.responder.map_or(Value::Null, Value::shown)),
    maybe("transport", Holds::Text, |notable| Value::optional(notable.transport.as_deref())),
    maybe("port", Holds::Small, |notable| notable.port.map_or(Value::Null, |port| Value::Small(port.into()))),
    always("count", Holds::Number, |notable| Value::count(notable.count)),
    always("first", Holds::Time, |notable| Value::Time(notable.first.as_microsecond())),
    always("last", Holds::Time, |notable| Value::Time(notable.last.as_microsecond())),
    // Each behaviour measures something else: names and values lie beside each other, in the order of the names.
    always("fact_names", Holds::Texts, |notable| Value::Names(&notable.facts)),
    always("fact_values", Holds::Measures, |notable| Value::Measures(&notable.facts)),
    always("community_ids", Holds::Texts, |notable| Value::Texts(&notable.community_ids)),
    always("frames", Holds::Numbers, |notable| Value::Numbers(&notable.frames)),
];

fn unless_empty(text: &str) -> Value<'_> {
    Value::optional(Some(text).filter(|text| !text.is_empty()))
}
