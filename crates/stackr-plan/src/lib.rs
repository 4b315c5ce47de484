//! stackr-plan
