//! What people see: each a function from facts to text.

pub(crate) mod diagnostic;
pub(crate) mod json;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod style;
pub(crate) mod value;
