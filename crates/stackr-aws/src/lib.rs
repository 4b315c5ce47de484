//! stackr-aws
