//! stackr-engine
