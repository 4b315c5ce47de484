//! Interrupts: the small handle by which somebody outside asks a run to stop.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks a run to stop, in three steps. Clones are the same handle.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<watch::Sender<u8>>);

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}

impl Interrupt {
    /// A handle that nobody has used yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Starts nothing new; what runs is finished.
    pub fn first(&self) {
        self.raise(1);
    }

    /// Stops waiting too; calls in flight may still be answered for a moment.
    pub fn second(&self) {
        self.raise(2);
    }

    /// Ends the run now. What is known is recorded.
    pub fn third(&self) {
        self.raise(3);
    }

    /// One step further, as a signal does.
    pub fn raise_once(&self) {
        self.0.send_modify(|level| *level = level.saturating_add(1).min(3));
    }

    fn raise(&self, to: u8) {
        self.0.send_modify(|level| *level = (*level).max(to));
    }

    /// How far it was raised.
    #[must_use]
    pub fn level(&self) -> u8 {
        *self.0.borrow()
    }

    /// Waits until it is raised above a level.
    pub async fn above(&self, level: u8) {
        let mut watch = self.0.subscribe();
        // The sender lives as long as this handle.
        drop(watch.wait_for(|now| *now > level).await);
    }
}
