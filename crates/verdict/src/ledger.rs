//! The rules.

/// All rules, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    version: String,
}

impl Ledger {
    /// The rules that the product ships.
    pub fn builtin() -> &'static Ledger {
        static BUILTIN: std::sync::OnceLock<Ledger> = std::sync::OnceLock::new();
        BUILTIN.get_or_init(|| Ledger { version: "1".into() })
    }

    /// Which rules these are.
    pub fn version(&self) -> &str {
        &self.version
    }
}
