//! stackr
