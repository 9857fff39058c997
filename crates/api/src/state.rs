//! What handlers share.

#[derive(Clone)]
pub struct App;
