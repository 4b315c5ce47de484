//! stackr-testkit
