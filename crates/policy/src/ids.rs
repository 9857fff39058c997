//! What groups, endpoints and people are called between machines.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Bytes of an id at most.
pub const ID_BYTES_MAX: usize = 64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            pub fn new(id: impl Into<String>) -> $name {
                $name(id.into())
            }

            /// Whether it is one to 64 letters of ASCII, digits, or any of `._:-@`.
            pub fn is_plain(&self) -> bool {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-@".contains(&byte);
                (1..=ID_BYTES_MAX).contains(&self.0.len()) && self.0.bytes().all(plain)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A group of endpoints.
    GroupId
);
id!(
    /// One endpoint, as the server named it when it enrolled.
    EndpointId
);
id!(
    /// Somebody who is signed in.
    Person
);

impl Person {
    /// Whether two names are one person's. `Ann` and `ann` are, so that nobody is his own second by holding a key down.
    pub fn is(&self, other: &Person) -> bool {
        self.0.trim().to_lowercase() == other.0.trim().to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_plain() {
        for (id, plain) in [("laptops", true), ("a.b:c-d_e@f", true), ("", false), ("a b", false), ("é", false)] {
            assert_eq!(GroupId::new(id).is_plain(), plain, "{id}");
        }
        assert!(!GroupId::new("x".repeat(ID_BYTES_MAX + 1)).is_plain());
        assert!(Person::new("Ann ").is(&Person::new("ann")) && !Person::new("ann").is(&Person::new("anna")));
    }
}
