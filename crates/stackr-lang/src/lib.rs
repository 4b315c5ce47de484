//! stackr-lang
