//! The connection to the server: delivering what is in the spool, and being led. All of it works on threads of its own, and
//! nothing that protects waits for it.

use link::{Courier, CourierOptions, Figures, Guide, Identity, Led, Spool};
use prost::bytes::Bytes;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

/// Guides that wait to be followed; each may be of 64 MiB.
const GUIDES_MAX: usize = 1;
const END_WITHIN: Duration = Duration::from_secs(5);
/// An endpoint that cannot reach its server tries at least so often.
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(30);

pub struct Leash {
    runtime: Runtime,
    courier: Courier,
    guides: mpsc::Receiver<Guide>,
}

impl Leash {
    /// Begins to deliver and to be led. The report is how the endpoint is, from the first moment on.
    pub fn start(spool: Spool, identity: Identity, server: &str, report: watch::Receiver<Bytes>) -> io::Result<Leash> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("link").enable_all().build()?;
        let (to, guides) = mpsc::channel(GUIDES_MAX);
        let led = Some(Led { report, guides: to });
        let options = CourierOptions { again_after_max: AGAIN_AFTER_MAX, ..CourierOptions::default() };
        let clock: link::Clock = Arc::new(jiff::Timestamp::now);
        let entered = runtime.enter();
        let courier = Courier::start_led(spool, identity, server, clock, options, led);
        drop(entered);
        Ok(Leash { runtime, courier, guides })
    }

    /// The next thing that the server told, if there is one now.
    pub fn told(&mut self) -> Option<Guide> {
        self.guides.try_recv().ok()
    }

    pub fn figures(&self) -> Figures {
        self.courier.figures()
    }

    /// Ends it; what waits stays in the spool.
    pub fn end(self) {
        let stopped = self.runtime.block_on(async { tokio::time::timeout(END_WITHIN, self.courier.stop()).await });
        if stopped.is_err() {
            tracing::warn!("delivering does not end");
        }
        self.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}
