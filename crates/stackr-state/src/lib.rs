//! stackr-state
