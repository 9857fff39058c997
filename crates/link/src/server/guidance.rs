//! One endpoint's stream: it says how it is, and is told what it is to have.

use super::{Server, peer};
use crate::certificate::Peer;
use crate::lead::{Lead, REPORT_BYTES_MAX, pieces};
use crate::proto::guidance_server::Guidance;
use crate::proto::{FromEndpoint, ToEndpoint};
use crate::take::Take;
use prost::bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// Of the talk.
pub(crate) const VERSION: u32 = 1;
/// Pieces that wait for the endpoint to read them.
const PIECES_WAITING: usize = 2;

#[tonic::async_trait]
impl<T: Take> Guidance for Server<T> {
    type AttendStream = ReceiverStream<Result<ToEndpoint, Status>>;

    async fn attend(&self, request: Request<Streaming<FromEndpoint>>) -> Result<Response<Self::AttendStream>, Status> {
        let peer = peer(&request).ok_or_else(|| Status::unauthenticated("no certificate"))?;
        let lead = self.inner.lead.clone().ok_or_else(|| Status::unimplemented("nobody leads here"))?;
        let (tell, told) = mpsc::channel(PIECES_WAITING);
        let from = request.into_inner();
        let stream = Stream { server: self.clone(), peer, lead, from, tell, told: BTreeMap::new() };
        tokio::spawn(stream.run());
        Ok(Response::new(ReceiverStream::new(told)))
    }
}

struct Stream<T> {
    server: Server<T>,
    peer: Arc<Peer>,
    lead: Arc<dyn Lead>,
    from: Streaming<FromEndpoint>,
    tell: mpsc::Sender<Result<ToEndpoint, Status>>,
    /// What was told in this stream: versions by kind.
    told: BTreeMap<String, i64>,
}

/// Why a stream ends: with a word for the endpoint, or because the other end is gone or the server stops.
type End = Option<Status>;

impl<T: Take> Stream<T> {
    async fn run(mut self) {
        let end = match self.attend().await {
            Err(end) => end,
            Ok(never) => match never {},
        };
        self.lead.gone(&self.peer.collector).await;
        if let Some(status) = end {
            let _ = self.tell.try_send(Err(status));
        }
    }

    async fn attend(&mut self) -> Result<std::convert::Infallible, End> {
        let inner = self.server.inner.clone();
        let (mut register, mut changes) = (inner.register.changes(), self.lead.changes());
        let first = tokio::time::timeout(inner.options.greet_within, self.from.message());
        let first = first.await.map_err(|_| None)?.map_err(|_| None)?.ok_or(None)?;
        let mut report = self.report(first)?;
        loop {
            register.mark_unchanged();
            if !inner.register.is_good(&self.peer, inner.now()) {
                return Err(Some(Status::permission_denied("revoked")));
            }
            // First that it is seen, then that it is waited for: nothing happens between the two.
            changes.mark_unchanged();
            self.tell(&report).await?;
            tokio::select! {
                message = self.from.message() => report = self.report(message.map_err(|_| None)?.ok_or(None)?)?,
                _ = changes.changed() => {}
                _ = register.changed() => {}
                () = inner.stopped() => return Err(None),
            }
        }
    }

    fn report(&self, message: FromEndpoint) -> Result<Bytes, End> {
        let FromEndpoint { version, endpoint, report } = message;
        if version != VERSION {
            return Err(Some(Status::failed_precondition("version")));
        }
        if endpoint != self.peer.collector {
            return Err(Some(Status::permission_denied("not yours")));
        }
        if report.len() > REPORT_BYTES_MAX {
            return Err(Some(Status::invalid_argument("too large")));
        }
        Ok(report)
    }

    async fn tell(&mut self, report: &Bytes) -> Result<(), End> {
        let stopped = self.server.inner.stopped();
        tokio::pin!(stopped);
        for guide in self.lead.lead(&self.peer.collector, report).await {
            if self.told.get(&guide.kind).is_some_and(|told| *told >= guide.version) {
                continue;
            }
            for piece in pieces(&guide) {
                tokio::select! {
                    sent = self.tell.send(Ok(piece)) => sent.map_err(|_| None)?,
                    () = &mut stopped => return Err(None),
                }
            }
            self.told.insert(guide.kind, guide.version);
        }
        Ok(())
    }
}
