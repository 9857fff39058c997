//! What stands out and claims no weapon, and the profiles of hosts, links and accounts.

use super::Answer;
use super::network::{Known, evidence, kept};
use crate::Problem;
use crate::extract::{Path, Query};
use crate::session::Caller;
use crate::state::App;
use crate::wire::behaviour::*;
use crate::wire::network::NetworkEnd;
use axum::extract::State;
use axum::response::Response;
use model::NotableKind;
use sensor::cut::Wanted;
use sensor::output::transport;
use sensor::profiles::sketch::{Arrivals, Top};
use sensor::profiles::{Administration, Bytes, Endpoint, Link, Port, User};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use store::{Learned, NotableFilter, NotableKey, ProfileKey, StoredNotable};

const LINKS_SHOWN: u32 = 50;
const NOTABLES_SHOWN: u32 = 50;

/// Behaviours beyond a threshold and indicators that were met; that seen last comes first.
#[utoipa::path(get, path = "/api/v1/notables", tag = "network", params(NotableQuery), responses((status = 200, body = NotablePage)))]
pub async fn notables(State(app): State<App>, Query(query): Query<NotableQuery>) -> Answer<NotablePage> {
    let cursor: Option<NotableKey> = query
        .cursor
        .as_deref()
        .map(|cursor| serde_json::from_str(cursor).map_err(|_| Problem::from(store::Error::Cursor)))
        .transpose()?;
    let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let whole = NotableFilter {
        host: said(query.host).map(spelt),
        other: said(query.other).map(spelt),
        capture: query.capture,
        ..NotableFilter::default()
    };
    let filter = NotableFilter { kind: query.kind, name: said(query.name), value: said(query.value), ..whole.clone() };
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let traffic = app.store.traffic();
    let (found, next) = traffic.notables(&filter, cursor.as_ref(), limit).await?;
    let counts = traffic.notable_counts(&whole).await?;
    let next = next.map(|key| serde_json::to_string(&key)).transpose().map_err(Problem::internal)?;
    Ok(axum::Json(NotablePage {
        rows: rows(&app, found).await?,
        next,
        counts: counts.into_iter().map(|(kind, name, count)| NotableCount { kind, name, count }).collect(),
    }))
}

/// Addresses have several spellings; records have one.
fn spelt(text: String) -> String {
    text.parse::<IpAddr>().map_or(text, |address| address.to_string())
}

/// Rows as they are shown, with the assets at both ends.
pub(super) async fn rows(app: &App, found: Vec<StoredNotable>) -> Result<Vec<NotableRow>, Problem> {
    let ends = found.iter().flat_map(|found| {
        [Some(found.notable.originator), found.notable.responder].into_iter().flatten().map(|end| end.to_string())
    });
    let known = Known::of(app, ends).await?;
    let kept = kept(app, found.iter().map(|found| found.capture)).await?;
    let row = |found: StoredNotable| NotableRow {
        id: found.id,
        capture: found.capture,
        captures: found.captures,
        originator: known.end(&found.notable.originator.to_string()),
        responder: found.notable.responder.map(|end| known.end(&end.to_string())),
        evidence: found.notable.kind == NotableKind::Indicator && kept.get(&found.capture).copied().unwrap_or(false),
        notable: found.notable,
    };
    Ok(found.into_iter().map(row).collect())
}

/// The frames of the conversations in which an indicator was met, cut out of its capture.
#[utoipa::path(get, path = "/api/v1/notables/{id}/evidence.pcap", tag = "network",
    responses((status = 200, content((Vec<u8> = "application/vnd.tcpdump.pcap")))))]
pub async fn notable_evidence(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found("finding", &id))?;
    let StoredNotable { id, capture, notable, .. } = app.store.traffic().notable(id).await?;
    let wanted = Wanted {
        hosts: [Some(notable.originator), notable.responder].into_iter().flatten().collect(),
        conversations: notable.community_ids.into_iter().collect(),
        frames: notable.frames.into_iter().collect(),
        bytes_max: 0,
    };
    evidence(&app, &caller, capture, wanted, format!("{}-{id}", notable.name), format!("notable:{id}")).await
}

/// Profiles of hosts, links or accounts, those seen last first.
#[utoipa::path(get, path = "/api/v1/profiles", tag = "network", params(ProfilesQuery), responses((status = 200, body = ProfilePage)))]
pub async fn profiles(State(app): State<App>, Query(query): Query<ProfilesQuery>) -> Answer<ProfilePage> {
    let search = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let page = app.store.traffic().profiles_of(stored(query.kind), search, query.cursor.as_deref(), limit).await?;
    let known = Known::of(&app, addresses(&page.rows)).await?;
    Ok(axum::Json(ProfilePage {
        rows: page.rows.iter().map(|learned| row(learned, &known)).collect(),
        next: page.next,
        total: page.total.unsigned_abs(),
    }))
}

/// The profile of one host, link or account, with what stood out.
#[utoipa::path(get, path = "/api/v1/profiles/one", tag = "network", params(ProfileQuery), responses((status = 200, body = ProfileDetail)))]
pub async fn profile(State(app): State<App>, Query(query): Query<ProfileQuery>) -> Answer<ProfileDetail> {
    let subject = match query.kind {
        ProfileKind::Account => query.subject.trim().to_lowercase(),
        ProfileKind::Host | ProfileKind::Link => spelt(query.subject.trim().to_owned()),
    };
    let other = query.other.map(|other| spelt(other.trim().to_owned())).unwrap_or_default();
    let key = ProfileKey { kind: stored(query.kind), subject: subject.clone(), other: other.clone() };
    let traffic = app.store.traffic();
    let learned = traffic.profile(&key).await?.ok_or_else(|| Problem::not_found("profile", &subject))?;
    let (links, counts) = match query.kind {
        ProfileKind::Host => traffic.links_of(&subject, LINKS_SHOWN).await?,
        ProfileKind::Link | ProfileKind::Account => Default::default(),
    };
    let filter = match query.kind {
        ProfileKind::Account => None,
        _ => Some(NotableFilter {
            host: Some(subject.clone()),
            other: Some(other.clone()).filter(|other| !other.is_empty()),
            ..NotableFilter::default()
        }),
    };
    let found = match &filter {
        Some(filter) => traffic.notables(filter, None, NOTABLES_SHOWN).await?.0,
        None => Vec::new(),
    };
    let administration = match query.kind {
        ProfileKind::Link => {
            traffic.profile(&ProfileKey { kind: store::ProfileKind::Administration, subject, other }).await?
        }
        _ => None,
    };
    let [opens, answers] = links;
    let known = Known::of(&app, addresses(opens.iter().chain(&answers).chain([&learned]))).await?;
    let mut detail = empty(query.kind, row(&learned, &known));
    fill(&mut detail, &learned);
    detail.opens = opens.iter().map(|link| row(link, &known)).collect();
    detail.answers = answers.iter().map(|link| row(link, &known)).collect();
    [detail.opens_all, detail.answers_all] = counts;
    detail.administration = administration.and_then(|learned| administration_of(&learned));
    detail.notables = rows(&app, found).await?;
    Ok(axum::Json(detail))
}

fn stored(kind: ProfileKind) -> store::ProfileKind {
    match kind {
        ProfileKind::Host => store::ProfileKind::Host,
        ProfileKind::Link => store::ProfileKind::Link,
        ProfileKind::Account => store::ProfileKind::Account,
    }
}

fn addresses<'a>(of: impl IntoIterator<Item = &'a Learned>) -> std::vec::IntoIter<String> {
    let ends = of.into_iter().filter(|learned| learned.key.kind != store::ProfileKind::Account);
    let ends = ends.flat_map(|learned| [learned.key.subject.clone(), learned.key.other.clone()]);
    ends.filter(|end| !end.is_empty()).collect::<Vec<_>>().into_iter()
}

fn row(learned: &Learned, known: &Known) -> ProfileRow {
    let end = |text: &str| -> Option<NetworkEnd> { (!text.is_empty()).then(|| known.end(text)) };
    let is_account = learned.key.kind == store::ProfileKind::Account;
    ProfileRow {
        host: end(&learned.key.subject).filter(|_| !is_account),
        other: end(&learned.key.other),
        subject: learned.key.subject.clone(),
        conversations: learned.conversations,
        bytes: learned.volume,
        first: learned.first_seen,
        last: learned.last_seen,
    }
}

fn empty(kind: ProfileKind, row: ProfileRow) -> ProfileDetail {
    ProfileDetail {
        kind,
        row,
        hours: Vec::new(),
        protocols: Names::default(),
        asked: Names::default(),
        served: Vec::new(),
        accounts: Names::default(),
        used_from: Names::default(),
        used_at: Names::default(),
        volume: ProfileVolume::default(),
        peers_asked: 0,
        peers_served: 0,
        ports_asked: 0,
        opens: Vec::new(),
        answers: Vec::new(),
        opens_all: 0,
        answers_all: 0,
        rhythms: Vec::new(),
        administration: None,
        notables: Vec::new(),
    }
}

/// A body of another form than this program's shows what its row says, and begins anew with the next capture.
fn fill(detail: &mut ProfileDetail, learned: &Learned) {
    let body = learned.body.as_slice();
    match detail.kind {
        ProfileKind::Host => Endpoint::from_bytes(body).into_iter().for_each(|host| of_host(detail, &host)),
        ProfileKind::Link => Link::from_bytes(body).into_iter().for_each(|link| of_link(detail, &link)),
        ProfileKind::Account => User::from_bytes(body).into_iter().for_each(|user| of_account(detail, &user)),
    }
}

fn of_host(detail: &mut ProfileDetail, host: &Endpoint) {
    detail.hours = host.hours.0.to_vec();
    detail.protocols = names(&host.protocols, |name| (*name).to_owned());
    detail.asked = names(&host.asked, port_name);
    detail.accounts = names(&host.accounts, Clone::clone);
    detail.peers_asked = host.peers_asked.estimate().round() as u64;
    detail.peers_served = host.peers_served.estimate().round() as u64;
    detail.ports_asked = host.ports_asked.estimate().round() as u64;
    detail.volume = volume(&host.volume);
    let first: BTreeMap<Port, i64> = host.services.iter().collect();
    let mut served: BTreeMap<Port, u64> = first.keys().map(|port| (*port, 0)).collect();
    served.extend(host.served.names().into_iter().map(|(port, count)| (*port, count)));
    detail.served = served
        .into_iter()
        .map(|(port, conversations)| Service {
            port: port_name(&port),
            conversations,
            first: first.get(&port).map(|time_ns| sensor::timestamp(*time_ns)),
        })
        .collect();
    detail.served.sort_by_key(|service| std::cmp::Reverse(service.conversations));
}

fn of_link(detail: &mut ProfileDetail, link: &Link) {
    detail.hours = link.hours.0.to_vec();
    detail.protocols = names(&link.protocols, |name| (*name).to_owned());
    detail.asked = names(&link.asked, port_name);
    detail.ports_asked = link.ports.estimate().round() as u64;
    detail.volume = volume(&link.volume);
    detail.rhythms = link.rhythms.iter().filter_map(|(port, arrivals)| rhythm(port, arrivals)).collect();
}

fn of_account(detail: &mut ProfileDetail, user: &User) {
    detail.hours = user.hours.0.to_vec();
    detail.protocols = names(&user.protocols, |name| (*name).to_owned());
    detail.used_from = names(&user.hosts_from, shown);
    detail.used_at = names(&user.hosts_at, shown);
    detail.peers_asked = user.from.estimate().round() as u64;
    detail.peers_served = user.at.estimate().round() as u64;
}

fn shown(value: &impl Display) -> String {
    value.to_string()
}

fn port_name((number, port): &Port) -> String {
    match port {
        0 => transport(*number),
        port => format!("{}/{port}", transport(*number)),
    }
}

fn names<K: Ord + Clone>(top: &Top<K>, name: impl Fn(&K) -> String) -> Names {
    let names = top.names().into_iter().map(|(key, count)| NameCount { name: name(key), count }).collect();
    Names { names, missed: top.missed }
}

fn volume(volume: &sensor::profiles::sketch::Volume) -> ProfileVolume {
    ProfileVolume {
        conversations: volume.conversations,
        packets_out: volume.packets_out,
        packets_in: volume.packets_in,
        bytes_out: volume.bytes_out,
        bytes_in: volume.bytes_in,
    }
}

fn rhythm(port: &Port, arrivals: &Arrivals) -> Option<PortRhythm> {
    let rhythm = arrivals.rhythm()?;
    Some(PortRhythm {
        port: port_name(port),
        conversations: arrivals.seen,
        intervals: rhythm.intervals as u64,
        mean_seconds: rhythm.mean_seconds,
        variation: rhythm.variation,
    })
}

fn administration_of(learned: &Learned) -> Option<AdministrationUse> {
    let used = Administration::from_bytes(&learned.body)?;
    Some(AdministrationUse {
        shares: used.shares,
        programs: used.programs,
        services: used.services,
        first: learned.first_seen,
        last: learned.last_seen,
    })
}
