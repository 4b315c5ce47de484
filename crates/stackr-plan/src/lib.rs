//! The planner: what is declared against what was recorded and what is seen, and the program that makes the
//! one into the other. Pure: it asks for reads and is given the answers.
//!
//! - [`Planner`] is the state machine, [`Question`] and [`Answer`] its protocol;
//! - [`Plan`] is what people read, [`Program`] what the engine interprets;
//! - [`Resolver`], [`differences`], [`recorded`] are shared with the engine, which does during apply with real
//!   values what planning did with partly unknown ones.

mod decide;
mod graph;
mod imports;
mod judge;
mod last;
mod lower;
mod moves;
mod plan;
mod planner;
mod program;
mod protocol;
mod secret;
mod selection;
mod triggers;
mod value;
mod values;
mod want;

pub use graph::check_order;
pub use last::last_values;
pub use moves::{Rename, check_moves};
pub use plan::{Action, Change, Counts, FieldChange, OutputChange, Plan, Reason, Refusal};
pub use planner::Planner;
pub use program::{Adoption, Edge, Milestone, Program, Step, StepId, Target, Verb};
pub use protocol::{Answer, Candidate, Next, Options, Question, Request, SealWith};
pub use secret::{lacks, only_sealed, sealed_among, secret_text, text_remedy};
pub use value::{planned_value, value};
pub use values::Values;
pub use want::{
    Difference, Resolver, Seal, Unseal, Want, conforms, differences, field_json, marked_like, place_of,
    recorded, sealed_json, timeout_problems, unsupported_type,
};
