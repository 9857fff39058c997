//! LDAP (RFC 4511) over TCP and UDP (CLDAP), also where it is wrapped by SASL and not sealed.

pub mod eve;
mod events;
mod filter;
mod records;
mod state;
mod wrapped;

pub use events::{Attribute, Change, Exchange, Outcome, Request, Response, Sasl, Search, Told, Who, result_name};
pub use state::{Conversation, probe};

#[cfg(test)]
mod tests;
