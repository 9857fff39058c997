//! Connections as they come: bounded in number, in the time of their handshake, and, without a certificate, in the time
//! that they may stay.

use super::Inner;
use crate::certificate::Peer;
use crate::spool::lock_of;
use rustls::ServerConfig;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// Connections that are ready and not served yet.
const READY_MAX: usize = 16;
/// Connections of one collector: the one it uses, and some that are gone without a word and not missed yet.
const CONNECTIONS_EACH_MAX: usize = 8;
/// After which it is tried again when the system gives no connection, as when it has no files left.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A connection after its handshake.
pub(super) struct Connection {
    stream: TlsStream<TcpStream>,
    shown: Shown,
    /// When it ends, with nobody known at its other end.
    ends: Option<Pin<Box<Sleep>>>,
    _room: (OwnedSemaphorePermit, Option<OneOf>),
}

/// The certificate that was shown, if any.
#[derive(Debug, Clone)]
pub(super) struct Shown(pub Option<Arc<Peer>>);

/// Room for connections of each sort.
struct Room {
    handshakes: Arc<Semaphore>,
    collectors: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    each: Arc<Mutex<HashMap<String, usize>>>,
}

/// One of the connections that a collector has.
struct OneOf {
    each: Arc<Mutex<HashMap<String, usize>>>,
    collector: String,
}

impl OneOf {
    /// `None` when it has as many as it may.
    fn take(room: &Room, collector: &str) -> Option<OneOf> {
        let mut each = lock_of(&room.each);
        let count = each.entry(collector.to_owned()).or_default();
        if *count >= CONNECTIONS_EACH_MAX {
            return None;
        }
        *count += 1;
        Some(OneOf { each: room.each.clone(), collector: collector.to_owned() })
    }
}

impl Drop for OneOf {
    fn drop(&mut self) {
        let mut each = lock_of(&self.each);
        let left = each.get_mut(&self.collector).map_or(0, |count| {
            *count -= 1;
            *count
        });
        if left == 0 {
            each.remove(&self.collector);
        }
    }
}

pub(super) fn accept<T: Send + Sync + 'static>(
    listener: TcpListener,
    config: ServerConfig,
    inner: Arc<Inner<T>>,
) -> ReceiverStream<io::Result<Connection>> {
    let (ready, connections) = mpsc::channel(READY_MAX);
    let options = &inner.options;
    let room = Arc::new(Room {
        handshakes: Arc::new(Semaphore::new(options.handshakes_max)),
        collectors: Arc::new(Semaphore::new(options.collectors_max)),
        strangers: Arc::new(Semaphore::new(options.strangers_max)),
        each: Arc::default(),
    });
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let mut stopped = Box::pin(inner.stopped());
        loop {
            let accepted = tokio::select! {
                () = &mut stopped => return,
                // Nobody serves any more.
                () = ready.closed() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((socket, _)) = accepted else {
                tokio::time::sleep(AGAIN_AFTER).await;
                continue;
            };
            let Ok(shaking) = room.handshakes.clone().try_acquire_owned() else {
                inner.count(|figures| figures.turned_away += 1);
                continue;
            };
            let (acceptor, room, inner, ready) = (acceptor.clone(), room.clone(), inner.clone(), ready.clone());
            tokio::spawn(async move {
                let shaken = handshake(socket, &acceptor, &room, &inner).await;
                drop(shaking);
                match shaken {
                    Some(connection) => drop(ready.send(Ok(connection)).await),
                    None => inner.count(|figures| figures.turned_away += 1),
                }
            });
        }
    });
    ReceiverStream::new(connections)
}

async fn handshake<T>(socket: TcpStream, acceptor: &TlsAcceptor, room: &Room, inner: &Inner<T>) -> Option<Connection> {
    let _ = socket.set_nodelay(true);
    let shaken = tokio::time::timeout(inner.options.handshake_within, acceptor.accept(socket)).await.ok()?;
    let stream = match shaken {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "a handshake failed");
            return None;
        }
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|shown| shown.first());
    let shown = match certificate {
        // The authority made it, but for something else than a collector.
        Some(certificate) => Some(Arc::new(Peer::read(certificate).ok()?)),
        None => None,
    };
    let sort = if shown.is_some() { &room.collectors } else { &room.strangers };
    let permit = sort.clone().try_acquire_owned().ok()?;
    let one_of = match &shown {
        Some(peer) => Some(OneOf::take(room, &peer.collector)?),
        None => None,
    };
    let ends = shown.is_none().then(|| Box::pin(tokio::time::sleep(inner.options.stranger_within)));
    Some(Connection { stream, shown: Shown(shown), ends, _room: (permit, one_of) })
}

impl Connected for Connection {
    type ConnectInfo = Shown;

    fn connect_info(&self) -> Shown {
        self.shown.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(ends) = &mut self.ends
            && ends.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
