//! What the bytes of any file say in letters: printable strings, and among them what names a resource of somebody's:
//! addresses, paths, keys, wallets.

mod indicator;

pub use indicator::{Indicator, IndicatorKind, Layer};
