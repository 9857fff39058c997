//! One collector's stream: it greets, is welcomed, and what it sends is taken one after the other.
//!
//! A refusal ends the stream, so that what the collector had sent behind it is nobody's riddle: it greets again and is
//! told what is expected.

use super::{Connected, Server, Turn, peer};
use crate::certificate::{Peer, is_number};
use crate::proto::delivery_server::Delivery;
use crate::proto::from_collector::Message as From;
use crate::proto::from_server::Message as To;
use crate::proto::refused::Code;
use crate::proto::{Acknowledged, FromCollector, FromServer, Hello, Refused, Welcome};
use crate::take::{Outcome, Refusal, Take, arrived, arrived_lost, refused};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// Of the talk.
pub(crate) const VERSION: u32 = 1;
/// Answers that wait for the collector to read them.
const ANSWERS_WAITING: usize = 16;

#[tonic::async_trait]
impl<T: Take> Delivery for Server<T> {
    type DeliverStream = ReceiverStream<Result<FromServer, Status>>;

    async fn deliver(
        &self,
        request: Request<Streaming<FromCollector>>,
    ) -> Result<Response<Self::DeliverStream>, Status> {
        let peer = peer(&request).ok_or_else(|| Status::unauthenticated("no certificate"))?;
        let (answers, answered) = mpsc::channel(ANSWERS_WAITING);
        let turn = self.inner.turn(&peer.collector);
        let mut mine = 0;
        turn.newest.send_modify(|newest| {
            *newest += 1;
            mine = *newest;
        });
        let newest = turn.newest.subscribe();
        let stream = Stream { server: self.clone(), peer, from: request.into_inner(), answers, newest, mine };
        tokio::spawn(async move { stream.run(&turn).await });
        Ok(Response::new(ReceiverStream::new(answered)))
    }
}

struct Stream<T> {
    server: Server<T>,
    peer: Arc<Peer>,
    from: Streaming<FromCollector>,
    answers: mpsc::Sender<Result<FromServer, Status>>,
    /// Streams of a collector are numbered; the highest is the one that counts.
    newest: watch::Receiver<u64>,
    mine: u64,
}

/// Why a stream ends.
enum End {
    /// With a last word.
    Refused(Refused),
    /// The other end is gone, or the server stops.
    Quiet,
}

impl<T: Take> Stream<T> {
    async fn run(mut self, turn: &Turn) {
        let end = self.deliver(turn).await;
        let end = match end {
            Err(end) => end,
            Ok(never) => match never {},
        };
        if let End::Refused(refused) = end {
            let code = code_name(refused.code());
            self.server.inner.count(|figures| *figures.refused.entry(code).or_default() += 1);
            tracing::debug!(collector = %self.peer.collector, code, sequence = refused.sequence, "refused");
            // Whoever does not read it finds the stream ended.
            let _ = self.answers.try_send(Ok(FromServer { message: Some(To::Refused(refused)) }));
        }
    }

    async fn deliver(&mut self, turn: &Turn) -> Result<std::convert::Infallible, End> {
        self.check()?;
        let inner = self.server.inner.clone();
        let hello = tokio::time::timeout(inner.options.greet_within, self.next()).await.map_err(|_| End::Quiet)??;
        let source = self.greeted(hello)?;
        // The one before ends as soon as what it is taking is taken.
        let _held = self.unless_over(turn.held.lock()).await?;
        self.check()?;
        let reached = inner.take.reached(&source).await.map_err(|refusal| refusal.end(0))?;
        let mut expected = reached.map(|reached| reached.saturating_add(1));
        let connected = Connected { source: source.clone(), since: inner.now(), sequence: None };
        inner.count(|figures| drop(figures.connected.insert(self.peer.collector.clone(), connected)));
        let _shown = Shown { server: self.server.clone(), collector: self.peer.collector.clone() };
        let welcome = Welcome {
            expected,
            in_flight_max: inner.options.in_flight_max,
            batch_bytes_max: u32::try_from(inner.options.batch_bytes_max).unwrap_or(u32::MAX),
        };
        self.say(To::Welcome(welcome)).await?;
        loop {
            let message = self.next().await?;
            self.check()?;
            let sequence = self.take(&source, message, expected).await?;
            expected = Some(expected.unwrap_or(0).max(sequence + 1));
            inner.count(|figures| {
                if let Some(connected) = figures.connected.get_mut(&self.peer.collector) {
                    connected.sequence = Some(sequence);
                }
            });
            self.say(To::Acknowledged(Acknowledged { sequence })).await?;
        }
    }

    /// The source that a greeting is of: a collector writes as itself.
    fn greeted(&self, message: From) -> Result<String, End> {
        let not = |code, detail| End::Refused(refused(code, 0, detail));
        let From::Hello(Hello { version, collector, spool }) = message else {
            return Err(not(Code::Malformed, "no greeting"));
        };
        if version != VERSION {
            return Err(not(Code::Version, &format!("this is version {VERSION}")));
        }
        if collector != self.peer.collector {
            return Err(not(Code::NotYours, ""));
        }
        if !is_number(&spool) {
            return Err(not(Code::Malformed, "spool"));
        }
        Ok(format!("{collector}/{spool}"))
    }

    /// Takes what was sent; gives the number up to which everything lasts.
    async fn take(&self, source: &str, message: From, expected: Option<i64>) -> Result<i64, End> {
        let inner = &self.server.inner;
        match message {
            From::Hello(_) => Err(End::Refused(refused(Code::Malformed, 0, "greeted already"))),
            From::Batch(batch) => {
                let batch = arrived(batch, inner.options.batch_bytes_max).map_err(End::Refused)?;
                let (sequence, rows) = (batch.sequence, batch.rows);
                if let Some(known) = in_order(sequence, sequence, expected)? {
                    inner.count(|figures| figures.known_batches += 1);
                    return Ok(known);
                }
                let outcome = inner.take.take(source, batch).await.map_err(|refusal| refusal.end(sequence))?;
                inner.count(|figures| match outcome {
                    Outcome::Taken => {
                        figures.taken_batches += 1;
                        figures.taken_rows += u64::from(rows);
                    }
                    Outcome::Known => figures.known_batches += 1,
                });
                Ok(sequence)
            }
            From::Lost(lost) => {
                let lost = arrived_lost(lost).map_err(End::Refused)?;
                if let Some(known) = in_order(lost.first, lost.last, expected)? {
                    return Ok(known);
                }
                inner.take.lost(source, lost).await.map_err(|refusal| refusal.end(lost.first))?;
                let batches = (lost.last - lost.first + 1).unsigned_abs();
                inner.count(|figures| figures.lost_batches += batches);
                tracing::warn!(source, first = lost.first, last = lost.last, why = ?lost.why, "batches are lost");
                Ok(lost.last)
            }
        }
    }

    /// Whether the certificate is still good, and this still the newest stream.
    fn check(&self) -> Result<(), End> {
        let inner = &self.server.inner;
        if !inner.register.is_good(&self.peer, inner.now()) {
            return Err(End::Refused(refused(Code::Revoked, 0, "")));
        }
        if *self.newest.borrow() != self.mine {
            return Err(End::Refused(refused(Code::Replaced, 0, "")));
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<From, End> {
        let (inner, mine) = (self.server.inner.clone(), self.mine);
        let (mut changes, mut newest) = (inner.register.changes(), self.newest.clone());
        loop {
            // First that it is seen, then that it is waited for: nothing happens between the two.
            changes.mark_unchanged();
            self.check()?;
            tokio::select! {
                message = self.from.message() => {
                    let message = message.map_err(|_| End::Quiet)?.ok_or(End::Quiet)?;
                    return message.message.ok_or_else(|| End::Refused(refused(Code::Malformed, 0, "nothing known")));
                }
                _ = changes.changed() => {}
                _ = newest.wait_for(|newest| *newest != mine) => {}
                () = inner.stopped() => return Err(End::Quiet),
            }
        }
    }

    async fn say(&self, message: To) -> Result<(), End> {
        let answer = self.answers.send(Ok(FromServer { message: Some(message) }));
        self.unless_over(answer).await?.map_err(|_| End::Quiet)
    }

    /// Waits for something, but not for longer than the stream has its turn.
    async fn unless_over<R>(&self, waited: impl Future<Output = R>) -> Result<R, End> {
        let (mut newest, mine) = (self.newest.clone(), self.mine);
        tokio::select! {
            done = waited => Ok(done),
            _ = newest.wait_for(|newest| *newest != mine) => Err(End::Refused(refused(Code::Replaced, 0, ""))),
            () = self.server.inner.stopped() => Err(End::Quiet),
        }
    }
}

impl Refusal {
    fn end(&self, sequence: i64) -> End {
        End::Refused(self.told(sequence))
    }
}

/// Whether something is the next: absent when it is, and up to where all is known when it was taken before.
fn in_order(first: i64, last: i64, expected: Option<i64>) -> Result<Option<i64>, End> {
    match expected {
        Some(expected) if last < expected => Ok(Some(expected - 1)),
        Some(expected) if first != expected => Err(Refusal::OutOfOrder { expected }.end(first)),
        _ => Ok(None),
    }
}

/// Shows in the figures that a collector delivers, as long as it does.
struct Shown<T> {
    server: Server<T>,
    collector: String,
}

impl<T> Drop for Shown<T> {
    fn drop(&mut self) {
        self.server.inner.count(|figures| drop(figures.connected.remove(&self.collector)));
    }
}

pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Unspecified => "unspecified",
        Code::Busy => "busy",
        Code::Malformed => "malformed",
        Code::UnknownKind => "unknown-kind",
        Code::OutOfOrder => "out-of-order",
        Code::Revoked => "revoked",
        Code::NotYours => "not-yours",
        Code::Version => "version",
        Code::Replaced => "replaced",
        Code::TooLarge => "too-large",
    }
}
