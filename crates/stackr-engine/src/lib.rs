//! The engine: a dull interpreter of the plan's program.
//!
//! - [`apply`] runs a program: intents first, then steps as soon as what they need is there, everything recorded;
//! - [`refresh`] answers the planner's questions with batched reads;
//! - [`recover`] finds what an earlier run's unanswered creates left behind;
//! - every fact is an [`Event`]; nothing is printed, no environment is read, no AWS type is named.
//!
//! Inside: the scheduler and the run are pure state machines, the driver is the only loop that awaits, converge the
//! only place that waits for AWS.

mod agree;
mod apply;
mod clouds;
mod converge;
mod driver;
mod event;
mod expected;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod intents;
mod interrupt;
mod journal;
mod keep;
mod limiter;
mod make;
mod pace;
mod poller;
mod random;
mod rates;
mod reader;
mod records;
mod recover;
mod remove;
mod retry;
mod run;
mod scheduler;
mod seals;
mod settle;
mod site;
mod summary;
mod work;

pub use apply::{Applied, ApplyError, Execution, apply, recorded_output};
pub use clouds::Connections;
pub use event::{
    Because, EVENT_VERSION, Envelope, ErrorView, Event, Place, Reason, StepVerb, StepView, views,
};
pub use interrupt::Interrupt;
pub use limiter::{Class, Rate, RateLimiter, Rates};
pub use rates::published;
pub use reader::{Reader, RefreshError, Unread, Wish, refresh};
pub use recover::{RecoverError, Recovered, recover, search};
pub use run::{Action, Input, Run};
pub use scheduler::Scheduler;
pub use seals::{Seals, Unopened, seal_adoptions};
pub use site::{Patience, Until};
pub use summary::{Done, Failure, Skipped, Summary};

#[cfg(test)]
mod tests;
