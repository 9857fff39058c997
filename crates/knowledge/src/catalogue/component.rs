//! Which components that rows of a system name are not part of every such system.
//!
//! `Windows Kernel` is always there; `Windows Internet Explorer 8` and `Role: DNS Server` are not, so a hole in them is
//! real only on hosts that have them. The words are data: `data/catalogue/components.toml`.

use std::sync::LazyLock;

#[derive(serde::Deserialize, Default)]
struct File {
    optional: Vec<String>,
}

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../../../../data/catalogue/components.toml")).unwrap_or_default();
    file.optional.into_iter().map(|word| word.to_lowercase()).collect()
});

/// Whether a system can be without this component.
pub(super) fn is_optional(component: &str) -> bool {
    let lower = component.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_roles_are_optional_and_the_kernel_is_not() {
        assert!(WORDS.len() > 10, "components.toml does not load");
        for name in ["Windows Internet Explorer 8", "Role: DNS Server", "Microsoft .NET Framework 3.5.1"] {
            assert!(is_optional(name), "{name}");
        }
        for name in ["Windows Kernel", "Windows SMB Server", "Microsoft Graphics Component", ""] {
            assert!(!is_optional(name), "{name}");
        }
    }
}
