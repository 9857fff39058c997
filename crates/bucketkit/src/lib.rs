//! A server of S3-compatible storage of the test's own: on a free port, with a folder of the disk behind it.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::{Mutex, oneshot};

const KEY: &str = "test";
const SECRET: &str = "secret of a test";
/// The only bucket there is.
const NAME: &str = "records";

/// A running server; dropped, it is stopped and what it held is gone.
pub struct Bucket {
    folder: tempfile::TempDir,
    address: SocketAddr,
    behaviour: Arc<Behaviour>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What goes wrong when a test wants it.
#[derive(Default)]
struct Behaviour {
    refuses: AtomicBool,
    requests: AtomicUsize,
    /// The request from which on something goes wrong, counted from one; none when zero.
    fails_from: AtomicUsize,
    /// It is done, and the answer does not come.
    loses_answers: AtomicBool,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Refused,
    /// What was asked for is done, and whoever asked is told that it failed.
    AnswerLost,
}

/// Starts a server with an empty bucket.
pub fn bucket() -> Bucket {
    let folder = tempfile::tempdir().expect("make a temporary directory");
    std::fs::create_dir(folder.path().join(NAME)).expect("make the bucket");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("listen");
    listener.set_nonblocking(true).expect("listen without blocking");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let behaviour = Arc::new(Behaviour::default());
    let (root, asked) = (folder.path().to_owned(), behaviour.clone());
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            tokio::select! {
                () = serve(listener, &root, asked) => {}
                _ = stopped => {}
            }
        });
    });
    Bucket { folder, address, behaviour, stop: Some(stop), thread: Some(thread) }
}

async fn serve(listener: std::net::TcpListener, root: &Path, behaviour: Arc<Behaviour>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("listen");
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).expect("the folder of the bucket"));
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    // The server looks whether a name is free and writes then; storage that is meant for more than tests does both at once.
    let one_by_one = Arc::new(Mutex::new(()));
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let (service, one_by_one, behaviour) = (service.clone(), one_by_one.clone(), behaviour.clone());
        let answer = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let (service, one_by_one, behaviour) = (service.clone(), one_by_one.clone(), behaviour.clone());
            async move {
                let number = behaviour.requests.fetch_add(1, Ordering::Relaxed) + 1;
                let fails_from = behaviour.fails_from.load(Ordering::Relaxed);
                let fails = fails_from > 0 && number >= fails_from;
                let loses_answers = behaviour.loses_answers.load(Ordering::Relaxed);
                let refusal = || {
                    let mut refusal = hyper::Response::new(s3s::Body::empty());
                    *refusal.status_mut() = hyper::StatusCode::FORBIDDEN;
                    Ok::<_, s3s::HttpError>(refusal)
                };
                if behaviour.refuses.load(Ordering::Relaxed) || fails && !loses_answers {
                    return refusal();
                }
                let is_conditional = request.headers().contains_key("if-none-match");
                let _alone = if is_conditional { Some(one_by_one.lock().await) } else { None };
                let answer = hyper::service::Service::call(&service, request).await;
                if fails { refusal() } else { answer }
            }
        });
        tokio::spawn(async move {
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answer).await;
        });
    }
}

impl Bucket {
    /// The address of a folder in the bucket.
    pub fn address(&self, folder: &str) -> String {
        format!("s3://{NAME}/{folder}")
    }

    /// Where a folder of the bucket is on the disk.
    pub fn folder(&self, folder: &str) -> PathBuf {
        self.folder.path().join(NAME).join(folder)
    }

    /// What has to be in the environment of whoever uses it.
    pub fn settings(&self) -> [(String, String); 5] {
        [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// Refuses everything from now on, or no longer.
    pub fn refuse(&self, refuses: bool) {
        self.behaviour.refuses.store(refuses, Ordering::Relaxed);
    }

    /// Lets so many requests more go well; from then on all go wrong.
    pub fn fail_after(&self, requests: usize, fault: Fault) {
        self.behaviour.loses_answers.store(fault == Fault::AnswerLost, Ordering::Relaxed);
        self.behaviour.fails_from.store(self.requests() + requests + 1, Ordering::Relaxed);
    }

    /// Everything goes well again.
    pub fn heal(&self) {
        self.behaviour.fails_from.store(0, Ordering::Relaxed);
    }

    /// How often something was asked.
    pub fn requests(&self) -> usize {
        self.behaviour.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
