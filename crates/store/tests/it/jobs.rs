use crate::fixture::{Place, act, later, now};
use jiff::SignedDuration;
use model::Message;
use serde_json::json;
use std::collections::BTreeSet;
use store::{Error, JobFilter, JobId, JobOutcome, JobState, NewJob, Progress, Store};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

async fn queue(store: &Store) -> JobId {
    let job = NewJob {
        kind: "import".to_owned(),
        params: json!({ "path": "a" }),
        owner: "ann".to_owned(),
        home: String::new(),
    };
    store.queue_job(&job, &act()).await.unwrap()
}

pub async fn no_two_workers_get_the_same_job(Place { store, .. }: Place) {
    let mut queued = BTreeSet::new();
    for _ in 0..12 {
        queued.insert(queue(&store).await);
    }
    assert!(store.claim_job("w", "", &["other"], LEASE, now()).await.unwrap().is_none());
    let workers = (0..12).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            // A worker that loses every race asks again, as it does in service.
            loop {
                if let Some(job) = store.claim_job(&format!("w{n}"), "", &["import"], LEASE, now()).await.unwrap() {
                    return job.id;
                }
            }
        })
    });
    let mut claimed = BTreeSet::new();
    for worker in workers.collect::<Vec<_>>() {
        assert!(claimed.insert(worker.await.unwrap()), "claimed twice");
    }
    assert_eq!(claimed, queued);
    assert!(store.claim_job("w", "", &["import"], LEASE, now()).await.unwrap().is_none());
}

pub async fn a_dead_worker_loses_its_job_and_the_next_goes_on(Place { store, .. }: Place) {
    let id = queue(&store).await;
    store.claim_job("a", "", &["import"], LEASE, now()).await.unwrap().unwrap();
    let progress = Progress { done: 3, total: 10, phase: Some(Message::new("job.reading").number("files", 3)) };
    assert!(!store.beat_job(id, "a", &progress, LEASE, later(10)).await.unwrap());
    store.checkpoint_job(id, "a", &json!({ "after": "c.txt" })).await.unwrap();
    assert_eq!(store.requeue_expired_jobs(later(40)).await.unwrap(), 0);
    assert_eq!(store.requeue_expired_jobs(later(41)).await.unwrap(), 1);

    let job = store.claim_job("b", "", &["import"], LEASE, later(42)).await.unwrap().unwrap();
    assert_eq!(
        (job.id, job.attempts, job.checkpoint, job.progress),
        (id, 2, Some(json!({"after": "c.txt"})), progress)
    );
    assert_eq!(job.started, Some(now()));
    for late in [
        store.beat_job(id, "a", &Progress::default(), LEASE, later(43)).await.map(|_| ()),
        store.checkpoint_job(id, "a", &json!(1)).await,
        store.finish_job(id, "a", &JobOutcome::Done(json!(1)), &act()).await,
    ] {
        assert!(matches!(late, Err(Error::LeaseLost { .. })), "{late:?}");
    }
    store.finish_job(id, "b", &JobOutcome::Failed(Message::new("job.x")), &act()).await.unwrap();
    let job = store.job(id).await.unwrap();
    assert_eq!((job.state, job.error), (JobState::Failed, Some(Message::new("job.x"))));
    assert_eq!(store.requeue_all_jobs(later(99)).await.unwrap(), 0);
}

pub async fn cancelling_stops_a_queued_job_and_asks_a_running_one(Place { store, .. }: Place) {
    let (running, queued) = (queue(&store).await, queue(&store).await);
    store.claim_job("a", "", &["import"], LEASE, now()).await.unwrap().unwrap();
    assert_eq!(store.cancel_job(queued, &act()).await.unwrap(), JobState::Cancelled);
    assert_eq!(store.cancel_job(running, &act()).await.unwrap(), JobState::Running);
    assert!(store.beat_job(running, "a", &Progress::default(), LEASE, now()).await.unwrap());
    // Its process dies before it sees the wish: it is not started again.
    store.requeue_all_jobs(later(1)).await.unwrap();
    let job = store.job(running).await.unwrap();
    assert_eq!((job.state, job.finished), (JobState::Cancelled, Some(later(1))));
    assert!(store.cancel_job(queued + 100, &act()).await.unwrap_err().is_not_found());
    assert_eq!(store.forget_jobs(later(2)).await.unwrap(), 2);
}

pub async fn logs_and_pages_keep_their_order(Place { store, .. }: Place) {
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(queue(&store).await);
    }
    let line = |n: i64| Message::new("job.file").number("n", n);
    store.log_job(ids[0], &[line(1), line(2)], now()).await.unwrap();
    store.log_job(ids[0], &[line(3)], later(1)).await.unwrap();
    let log = store.job_log(ids[0], 0, 100).await.unwrap();
    assert_eq!(log.iter().map(|line| line.message.clone()).collect::<Vec<_>>(), [line(1), line(2), line(3)]);
    assert_eq!(store.job_log(ids[0], 2, 100).await.unwrap()[0].at, later(1));

    let filter = JobFilter { states: vec![JobState::Queued], owner: Some("ann".to_owned()), ..Default::default() };
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.jobs(&filter, cursor.as_deref(), 3).await.unwrap();
        assert_eq!(page.total, 7);
        seen.extend(page.rows.iter().map(|job| job.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    ids.reverse();
    assert_eq!(seen, ids);
    assert!(matches!(store.jobs(&filter, Some("x"), 3).await, Err(Error::Cursor)));
}
