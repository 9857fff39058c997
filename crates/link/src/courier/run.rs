//! What a courier does all the time: connect, deliver, and after whatever comes between, wait a little longer each time.

use super::attend::{Led, attend};
use super::call::{Call, Ended};
use super::{Options, Shared, connect, renew};
use crate::error::Error;
use crate::identity::Identity;
use crate::proto::delivery_client::DeliveryClient;
use crate::spool::lock_of;
use crate::tls::Clock;
use model::Message;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::transport::Channel;

pub(super) struct Run {
    pub shared: Arc<Shared>,
    pub identity: Identity,
    pub address: String,
    pub clock: Clock,
    pub options: Options,
    led: Option<Led>,
    pub stop: watch::Receiver<bool>,
    /// Batches that the server will never take and that are set aside.
    pub aside: BTreeSet<i64>,
    /// Attempts in a row that brought nothing.
    failures: u32,
    renewed_at: Option<Instant>,
}

/// A connection, on which an endpoint is led for as long as it is kept, also while nothing can be delivered.
struct Connection {
    channel: Channel,
    attending: Option<JoinHandle<Infallible>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(attending) = &self.attending {
            attending.abort();
        }
    }
}

impl Run {
    pub fn new(
        shared: Arc<Shared>,
        identity: Identity,
        address: String,
        clock: Clock,
        options: Options,
        led: Option<Led>,
        stop: watch::Receiver<bool>,
    ) -> Run {
        let (aside, failures, renewed_at) = (BTreeSet::new(), 0, None);
        Run { shared, identity, address, clock, options, led, stop, aside, failures, renewed_at }
    }

    pub async fn run(mut self) {
        let mut stop = self.stop.clone();
        let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
        tokio::select! {
            () = stopped => {}
            () = self.go_on() => {}
        }
        lock_of(&self.shared.told).connected = false;
    }

    async fn go_on(&mut self) {
        let mut channel = None;
        loop {
            self.renew_if_due().await;
            let ended = match self.channel(&mut channel).await {
                Ok(client) => {
                    let ended = Call::new(self).deliver(client).await;
                    lock_of(&self.shared.told).connected = false;
                    ended
                }
                Err(error) => Ended::Broken(self.trouble_of(&error)),
            };
            let wait = match ended {
                Ended::Onward => {
                    self.failures = 0;
                    continue;
                }
                Ended::Renew => {
                    channel = None;
                    continue;
                }
                Ended::Busy(after, trouble) => {
                    self.tell(Some(trouble));
                    self.again_after().max(after).min(self.options.again_after_max.max(after))
                }
                Ended::Waits(trouble) => {
                    self.tell(Some(trouble));
                    self.again_after()
                }
                Ended::Broken(trouble) => {
                    channel = None;
                    self.tell(Some(trouble));
                    self.again_after()
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn channel(&self, kept: &mut Option<Connection>) -> Result<DeliveryClient<Channel>, Error> {
        let connection = match kept.take() {
            Some(connection) => connection,
            None => {
                let channel =
                    connect(&self.address, self.identity.authority(), Some(&self.identity), &self.clock).await?;
                let endpoint = self.identity.collector().to_owned();
                let attending = self.led.clone().map(|led| tokio::spawn(attend(channel.clone(), endpoint, led)));
                Connection { channel, attending }
            }
        };
        let channel = kept.insert(connection).channel.clone();
        Ok(DeliveryClient::new(channel).max_decoding_message_size(super::ANSWER_BYTES_MAX))
    }

    /// An attempt that failed is made again after a while; until the certificate ends there is time.
    async fn renew_if_due(&mut self) {
        let lately =
            self.renewed_at.is_some_and(|at| at.elapsed() < self.options.look_every.min(Duration::from_secs(60)));
        if lately || !self.identity.is_renewal_due((self.clock)()) {
            return;
        }
        self.renewed_at = Some(Instant::now());
        match renew(&self.identity, &self.address, &self.clock).await {
            Ok(new) => {
                tracing::info!(until = %new.not_after(), "the certificate is renewed");
                lock_of(&self.shared.told).certificate_ends = new.not_after();
                self.identity = new;
            }
            Err(error) => {
                let trouble = self.trouble_of(&error);
                self.tell(Some(trouble));
            }
        }
    }

    /// In words; a certificate that has ended is told as such, since the server only hangs up.
    fn trouble_of(&self, error: &Error) -> Message {
        let ends = self.identity.not_after();
        if ends <= (self.clock)() {
            return Message::new("link.certificate-ended").with("at", ends);
        }
        error.message()
    }

    pub fn tell(&self, trouble: Option<Message>) {
        let mut told = lock_of(&self.shared.told);
        if let Some(trouble) = trouble.as_ref().filter(|new| told.trouble.as_ref() != Some(new)) {
            tracing::warn!(code = trouble.code, params = ?trouble.params, "cannot deliver");
        }
        told.trouble = trouble;
    }

    /// Longer each time, and never for all collectors of a server at the same moment.
    fn again_after(&mut self) -> Duration {
        let doubled = self.options.again_after_min.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        doubled.min(self.options.again_after_max).mul_f64(rand::random_range(0.5..=1.0))
    }

    /// Something was delivered.
    pub fn gets_on(&mut self) {
        self.failures = 0;
        lock_of(&self.shared.told).trouble = None;
    }
}
