//! stackr-local
