//! What a cloud call can answer when it does not do what was asked, by what the caller can do about it.

use std::{error::Error as StdError, fmt};

/// The result of a cloud call.
pub type Result<T, E = CloudError> = std::result::Result<T, E>;

/// What the caller can do about a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The object is not there. In a read it means "none", in a delete "done".
    NotFound,
    /// An object of this name or key is there already.
    Exists,
    /// The caller may not do this: change the permissions.
    Denied,
    /// The request is wrong: change the declaration.
    Invalid,
    /// Too many calls: wait and repeat. The call was not executed.
    Throttled,
    /// Another change is under way: wait and repeat.
    Conflict,
    /// Something else still uses the object: wait or remove that first.
    InUse,
    /// Something made moments ago is not visible yet: wait and repeat.
    Propagating,
    /// A limit of the account is reached: ask AWS for more.
    Quota,
    /// The endpoint or the network failed; whether the call was executed is not known.
    Transient,
    /// No credentials, or ones that AWS does not accept.
    Credentials,
    /// The endpoint does not have this operation (an emulator, say).
    Unsupported,
    /// An answer that cannot be, or a mistake in stackr.
    Bug,
    /// None of these.
    Unknown,
}

/// A failed cloud call: which, what AWS said, and what can be done.
#[derive(Debug)]
pub struct CloudError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    operation: String,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl CloudError {
    /// An error of an operation: `ec2:CreateNatGateway`.
    pub fn new(kind: ErrorKind, operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: operation.into(),
            code: None,
            message: message.into(),
            request_id: None,
            source: None,
        }))
    }

    /// A mistake in stackr itself, or an answer that AWS documents as impossible.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, "", message)
    }

    /// With AWS's own error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// With AWS's request id.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// With what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same error as another kind: for the one place that knows that a code means something else there.
    #[must_use]
    pub fn as_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error for another caller of the same call; what caused it stays with this one.
    #[must_use]
    pub fn again(&self) -> Self {
        let Inner { kind, operation, code, message, request_id, source: _ } = &*self.0;
        Self(Box::new(Inner {
            kind: *kind,
            operation: operation.clone(),
            code: code.clone(),
            message: message.clone(),
            request_id: request_id.clone(),
            source: None,
        }))
    }

    /// What the caller can do.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The call: `ec2:CreateNatGateway`; empty if there was none.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// AWS's error code, as on the wire.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// AWS's message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// AWS's request id.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.operation.is_empty() {
            write!(f, "{}: ", self.0.operation)?;
        }
        f.write_str(&self.0.message)
    }
}

impl StdError for CloudError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|s| s.as_ref() as &(dyn StdError + 'static))
    }
}

/// A part of an answer that AWS documents as always there.
///
/// # Errors
/// A [`ErrorKind::Bug`] error naming the part, if it is missing all the same.
pub fn need<T: ToOwned + ?Sized>(part: Option<&T>, name: &str) -> Result<T::Owned> {
    part.map(ToOwned::to_owned).ok_or_else(|| {
        CloudError::bug(format!("the answer has no {name}, which AWS documents as always there"))
    })
}
