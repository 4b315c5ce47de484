//! A store that stops answering: whoever is told to get out gets out.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::Event;

/// A store whose writes never end while it is silent.
struct Silent {
    inner: Memory,
    silent: AtomicBool,
}

impl Silent {
    async fn speak<T>(&self, answer: impl Future<Output = T>) -> T {
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        answer.await
    }
}

impl Store for Silent {
    fn place(&self, key: Key) -> String {
        self.inner.place(key)
    }

    fn read(&self, key: Key) -> BoxFuture<'_, stackr_state::Result<Option<Blob>>> {
        self.inner.read(key)
    }

    fn parts(&self) -> BoxFuture<'_, stackr_state::Result<Vec<u64>>> {
        self.inner.parts()
    }

    fn write<'a>(
        &'a self,
        key: Key,
        bytes: &'a [u8],
        expect: Expect,
    ) -> BoxFuture<'a, stackr_state::Result<Written>> {
        Box::pin(self.speak(self.inner.write(key, bytes, expect)))
    }

    fn remove(&self, key: Key, version: Option<Version>) -> BoxFuture<'_, stackr_state::Result<()>> {
        Box::pin(self.speak(self.inner.remove(key, version)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_interrupt_ends_the_run_within_two_seconds_though_the_store_is_silent() {
    let lab = Lab::new();
    let store = Arc::new(Silent { inner: lab.store.clone(), silent: AtomicBool::new(false) });
    let interrupt = Interrupt::new();
    let (mut told, mut over) = (None, None);
    let ran = lab
        .watch(Some(&stack(1)), Arc::clone(&store) as _, &Notify::new(), &interrupt, |e| match &e.event {
            Event::StepWaiting { step, .. } if told.is_none() && step.address.ty() == "fake_gateway" => {
                store.silent.store(true, Ordering::SeqCst);
                interrupt.second();
                told = Some(Instant::now());
            }
            Event::RunFinished { .. } => over = Some(Instant::now()),
            _ => {}
        })
        .await;
    let Ran::Over(result) = ran else { panic!("{ran:#?}") };
    assert!(matches!(*result, Err(ApplyError::State { .. })), "{result:#?}");
    let took = over.unwrap().duration_since(told.unwrap());
    assert!(took <= Duration::from_secs(2), "{took:?}");
    // What the store had before it fell silent, and what AWS has, is enough.
    tokio::time::advance(Duration::from_secs(300)).await;
    assert!(lab.run(Some(&stack(1))).await.is_done());
    lab.check(Some(&stack(1)), &lab.inventory(), "after the silence").await;
    let undisturbed = Lab::new();
    undisturbed.run(Some(&stack(1))).await.summary();
    assert_eq!(lab.inventory(), undisturbed.inventory());
}
