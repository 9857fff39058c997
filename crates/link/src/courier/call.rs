//! One stream to the server: what is sent and not answered yet, and what each answer means for the spool.

use super::run::Run;
use crate::batch::Batch;
use crate::error::Error;
use crate::proto::delivery_client::DeliveryClient;
use crate::proto::from_collector::Message as From;
use crate::proto::from_server::Message as To;
use crate::proto::refused::Code;
use crate::proto::{self, FromCollector, FromServer, Hello, Refused, Welcome};
use crate::server::{VERSION, code_name};
use crate::spool::{Entry, Reader, Spool, Why, lock_of};
use crate::take::{LOST_MAX, malformed, sent};
use model::Message;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

/// Messages that wait for the connection to take them.
const SENDING_MAX: usize = 2;

/// How a stream ended.
pub(super) enum Ended {
    /// Go on at once with another: something was settled.
    Onward,
    /// The certificate is to be renewed first.
    Renew,
    /// The server asked to wait.
    Busy(Duration, Message),
    /// The connection is good, and trying again at once would bring nothing.
    Waits(Message),
    /// The connection is gone, or the disk failed.
    Broken(Message),
}

pub(super) struct Call<'a> {
    run: &'a mut Run,
    spool: Spool,
    spool_id: String,
    in_flight: VecDeque<Flight>,
    in_flight_bytes: usize,
    /// What the spool gave and did not fit into a message.
    rest: Option<Entry>,
    batch_bytes_max: usize,
    in_flight_max: usize,
}

/// Something that was sent and not answered.
struct Flight {
    first: i64,
    last: i64,
    bytes: usize,
    /// Not there any more, and not because of a refusal or an acknowledgement.
    damaged: bool,
}

type Outcome<T> = Result<T, Ended>;

impl<'a> Call<'a> {
    pub fn new(run: &'a mut Run) -> Call<'a> {
        let spool = run.shared.spool.clone();
        let (spool_id, in_flight_max) = (spool.id(), run.options.in_flight_max);
        let (in_flight, in_flight_bytes, rest) = (VecDeque::new(), 0, None);
        Call { run, spool, spool_id, in_flight, in_flight_bytes, rest, batch_bytes_max: 0, in_flight_max }
    }

    pub async fn deliver(mut self, client: DeliveryClient<Channel>) -> Ended {
        match self.stream(client).await {
            Err(ended) => ended,
            Ok(never) => match never {},
        }
    }

    async fn stream(&mut self, mut client: DeliveryClient<Channel>) -> Outcome<std::convert::Infallible> {
        let (send, sending) = mpsc::channel(SENDING_MAX);
        let collector = self.run.identity.collector().to_owned();
        let hello = Hello { version: VERSION, collector, spool: self.spool_id.clone() };
        let _ = send.try_send(message(From::Hello(hello)));
        let within = self.run.options.answer_within;
        let greeting = async {
            let mut answers = client.deliver(ReceiverStream::new(sending)).await?.into_inner();
            let first = answers.message().await?;
            Ok((answers, first))
        };
        let (mut answers, first) = match tokio::time::timeout(within, greeting).await {
            Ok(greeted) => greeted.map_err(|status| self.broken(&status))?,
            Err(_) => return Err(self.silent()),
        };
        let welcome = match first.and_then(|first| first.message) {
            Some(To::Welcome(welcome)) => welcome,
            Some(To::Refused(refused)) => return Err(self.refused(refused).await),
            _ => return Err(self.broken(&tonic::Status::unknown("no welcome"))),
        };
        let from = self.welcomed(&welcome).await?;
        self.exchange(&send, &mut answers, from).await
    }

    /// Where to go on, by what the server expects.
    async fn welcomed(&mut self, welcome: &Welcome) -> Outcome<i64> {
        self.batch_bytes_max = welcome.batch_bytes_max as usize;
        self.in_flight_max = self.run.options.in_flight_max.min(welcome.in_flight_max as usize).max(1);
        {
            let mut told = lock_of(&self.run.shared.told);
            told.connected = true;
            told.welcomes += 1;
        }
        let oldest = self.spool.oldest();
        let next = *self.spool.lasts().borrow() + 1;
        let Some(expected) = welcome.expected else { return Ok(oldest) };
        if expected > next {
            // The spool was set back, and gives numbers again that the server has: under another name they are others.
            tracing::warn!(expected, next, "the server has more than was ever sent; the spool takes another name");
            self.on_disk(Spool::begin_anew).await?;
            return Err(Ended::Onward);
        }
        if expected > oldest {
            // The answers did not arrive.
            self.on_disk(move |spool| spool.acknowledge(expected - 1)).await?;
            self.run.gets_on();
        }
        Ok(expected)
    }

    async fn exchange(
        &mut self,
        send: &mpsc::Sender<FromCollector>,
        answers: &mut Streaming<FromServer>,
        from: i64,
    ) -> Outcome<std::convert::Infallible> {
        let mut reader = Some(self.spool.reader(from));
        let mut lasts = self.spool.lasts();
        let mut pending = None;
        let mut hung_up = false;
        let mut heard = Instant::now();
        let look = tokio::time::sleep(self.run.options.look_every);
        tokio::pin!(look);
        loop {
            let has_room = self.in_flight.len() < self.in_flight_max
                && self.in_flight_bytes < self.run.options.in_flight_bytes_max;
            if pending.is_none() && has_room && !hung_up {
                lasts.mark_unchanged();
                pending = self.read(&mut reader).await?;
            }
            let wants_more = pending.is_none() && has_room && !hung_up;
            let until = heard + self.run.options.answer_within;
            tokio::select! {
                answer = answers.message() => {
                    heard = Instant::now();
                    match answer.map_err(|status| self.broken(&status))?.and_then(|answer| answer.message) {
                        Some(To::Acknowledged(acknowledged)) => self.acknowledged(acknowledged.sequence).await?,
                        Some(To::Refused(refused)) => return Err(self.refused(refused).await),
                        _ => return Err(self.broken(&tonic::Status::unknown("the server ended the stream"))),
                    }
                }
                // The server says why before it hangs up: that is still to be read.
                place = send.reserve(), if pending.is_some() && !hung_up => match (place, pending.take()) {
                    (Ok(place), Some((flight, message))) => {
                        if self.in_flight.is_empty() {
                            heard = Instant::now();
                        }
                        self.send(flight, message, place);
                    }
                    _ => hung_up = true,
                },
                changed = lasts.changed(), if wants_more => if changed.is_err() {
                    return Err(Ended::Waits(Error::Closed.message()));
                },
                () = tokio::time::sleep_until(until), if hung_up || !self.in_flight.is_empty() => {
                    return Err(self.silent());
                }
                () = &mut look => {
                    if self.run.identity.is_renewal_due((self.run.clock)()) {
                        return Err(Ended::Renew);
                    }
                    look.as_mut().reset(Instant::now() + self.run.options.look_every);
                }
            }
        }
    }

    fn send(&mut self, flight: Flight, message: FromCollector, place: mpsc::Permit<'_, FromCollector>) {
        place.send(message);
        lock_of(&self.run.shared.told).sent_batches += u64::from(flight.bytes > 0);
        self.in_flight_bytes += flight.bytes;
        self.in_flight.push_back(flight);
    }

    /// What is to be sent next; nothing when the spool has no more for now.
    async fn read(&mut self, reader: &mut Option<Reader>) -> Outcome<Option<(Flight, FromCollector)>> {
        let entry = match self.rest.take() {
            Some(entry) => Some(entry),
            None => {
                let Some(mut reading) = reader.take() else { return Ok(None) };
                let read = tokio::task::spawn_blocking(move || (reading.next(), reading)).await;
                let Ok((entry, reading)) = read else { return Err(Ended::Broken(Error::Closed.message())) };
                *reader = Some(reading);
                entry.map_err(|error| Ended::Waits(error.message()))?
            }
        };
        match entry {
            None => Ok(None),
            Some(Entry::Lost { first, last, why }) => {
                let end = last.min(first + LOST_MAX - 1);
                self.rest = (end < last).then_some(Entry::Lost { first: end + 1, last, why });
                Ok(Some(lost(first, end, why)))
            }
            Some(Entry::Batch(batch)) if self.run.aside.contains(&batch.sequence) => {
                Ok(Some(lost(batch.sequence, batch.sequence, Why::Refused)))
            }
            Some(Entry::Batch(batch)) if batch.bytes.len() > self.batch_bytes_max => {
                let sequence = batch.sequence;
                self.set_aside(batch, Code::TooLarge, "").await?;
                Ok(Some(lost(sequence, sequence, Why::Refused)))
            }
            Some(Entry::Batch(batch)) => {
                let bytes = batch.bytes.len().max(1);
                let flight = Flight { first: batch.sequence, last: batch.sequence, bytes, damaged: false };
                Ok(Some((flight, message(From::Batch(sent(&batch))))))
            }
        }
    }

    async fn acknowledged(&mut self, sequence: i64) -> Outcome<()> {
        let (mut up_to, mut damaged) = (None, 0);
        while let Some(flight) = self.in_flight.pop_front_if(|flight| flight.last <= sequence) {
            up_to = Some(flight.last);
            self.in_flight_bytes -= flight.bytes;
            damaged += if flight.damaged { (flight.last - flight.first + 1).unsigned_abs() } else { 0 };
        }
        // Of what was not sent the server can say nothing.
        let Some(up_to) = up_to else { return Ok(()) };
        self.run.aside.retain(|aside| *aside > up_to);
        self.run.gets_on();
        self.on_disk(move |spool| {
            if damaged > 0 {
                spool.count_lost(damaged)?;
            }
            spool.acknowledge(up_to)
        })
        .await
    }

    async fn refused(&mut self, refused: Refused) -> Ended {
        let code = refused.code();
        *lock_of(&self.run.shared.told).refused.entry(code_name(code)).or_default() += 1;
        let said = |code: &str| Message::new(code).with("detail", &refused.detail);
        match code {
            Code::Busy => {
                let after = Duration::from_millis(refused.retry_after_ms.into()).min(self.run.options.again_after_max);
                Ended::Busy(after, Message::new("link.refused-busy"))
            }
            Code::Malformed | Code::UnknownKind | Code::TooLarge => self.never(&refused).await,
            // The next greeting tells where to go on; without headway it would be the same again.
            Code::OutOfOrder => {
                Ended::Waits(Message::new("link.refused-out-of-order").number("expected", refused.expected))
            }
            Code::Revoked => Ended::Broken(Message::new("link.revoked")),
            Code::NotYours => Ended::Broken(Message::new("link.refused-not-yours")),
            Code::Version => Ended::Broken(said("link.refused-version")),
            Code::Replaced => Ended::Broken(Message::new("link.refused-replaced")),
            Code::Unspecified => Ended::Broken(said("link.refused-other")),
        }
    }

    /// The server will never take a batch: it is set aside, and the next stream says so.
    async fn never(&mut self, refused: &Refused) -> Ended {
        let sequence = refused.sequence;
        let was_sent = self.in_flight.iter().any(|flight| flight.first == sequence && flight.last == sequence);
        let mut reader = self.spool.reader(sequence);
        let read = tokio::task::spawn_blocking(move || reader.next()).await;
        match read {
            Ok(Ok(Some(Entry::Batch(batch)))) if was_sent && batch.sequence == sequence => {
                match self.set_aside(batch, refused.code(), &refused.detail).await {
                    Ok(()) => Ended::Onward,
                    Err(ended) => ended,
                }
            }
            _ => Ended::Waits(Message::new("link.refused-other").with("detail", &refused.detail)),
        }
    }

    /// Without room to set something aside delivery waits for somebody to look: nothing goes without being asked for.
    async fn set_aside(&mut self, batch: Batch, code: Code, detail: &str) -> Outcome<()> {
        let (sequence, kind) = (batch.sequence, batch.kind.clone());
        let mut kept = false;
        let spool = self.spool.clone();
        let aside = tokio::task::spawn_blocking(move || spool.set_aside(&batch)).await;
        if let Ok(aside) = aside {
            kept = aside.map_err(|error| Ended::Waits(error.message()))?;
        }
        if !kept {
            return Err(Ended::Waits(Message::new("link.aside-full").with("kind", kind).with("detail", detail)));
        }
        tracing::warn!(
            sequence,
            kind,
            code = code_name(code),
            detail,
            "the server refused a batch for good; it is set aside"
        );
        lock_of(&self.run.shared.told).set_aside = Some(match code {
            Code::UnknownKind => Message::new("link.refused-unknown-kind"),
            Code::TooLarge => Message::new("link.refused-too-large"),
            _ => malformed(detail),
        });
        self.run.aside.insert(sequence);
        Ok(())
    }

    async fn on_disk(&self, does: impl FnOnce(&Spool) -> Result<(), Error> + Send + 'static) -> Outcome<()> {
        let spool = self.spool.clone();
        match tokio::task::spawn_blocking(move || does(&spool)).await {
            Ok(done) => done.map_err(|error| Ended::Waits(error.message())),
            Err(_) => Err(Ended::Broken(Error::Closed.message())),
        }
    }

    fn broken(&self, status: &tonic::Status) -> Ended {
        let ends = self.run.identity.not_after();
        if ends <= (self.run.clock)() {
            return Ended::Broken(Message::new("link.certificate-ended").with("at", ends));
        }
        Ended::Broken(Error::BrokenOff { address: self.run.address.clone(), cause: super::cause(status) }.message())
    }

    fn silent(&self) -> Ended {
        Ended::Broken(Message::new("link.silent").with("address", &self.run.address))
    }
}

fn message(message: From) -> FromCollector {
    FromCollector { message: Some(message) }
}

fn lost(first: i64, last: i64, why: Why) -> (Flight, FromCollector) {
    let said = match why {
        Why::Damaged => proto::lost::Why::Damaged,
        Why::Refused => proto::lost::Why::Refused,
        Why::LetGo => proto::lost::Why::LetGo,
    };
    let lost = proto::Lost { first, last, why: said.into() };
    (Flight { first, last, bytes: 0, damaged: why == Why::Damaged }, message(From::Lost(lost)))
}
