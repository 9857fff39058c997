//! What is learned of hosts, links and accounts from traffic: profiles of the sensor, merged into those in the store and
//! judged with everything that is known.

use api::state::App;
use sensor::profiles::{BehaviourFinding, Bytes, Endpoint, Link, Profile, Profiles};
use std::collections::BTreeSet;
use std::net::IpAddr;
use store::{Act, Learned, ProfileKey, ProfileKind};

/// Merges what was seen into what is known, and gives what stands out in those that were seen. A capture with a digest
/// is learned once; read again it is only judged.
pub async fn learn(
    app: &App,
    digest: Option<&str>,
    seen: Profiles,
    act: &Act,
) -> Result<Vec<BehaviourFinding>, store::Error> {
    let keys = keys(&seen);
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut whole = Profiles::default();
    let merge = |key: &ProfileKey, known: Option<&Learned>, new: bool| merged(key, known, &seen, new, &mut whole);
    app.store.traffic().learn(digest, &keys, merge, act).await?;
    Ok(api::rooms::blocking(move || whole.judge().findings).await.unwrap_or_default())
}

fn keys(seen: &Profiles) -> Vec<ProfileKey> {
    let host = |kind, subject: &IpAddr| ProfileKey { kind, subject: subject.to_string(), other: String::new() };
    let pair =
        |kind, (from, to): &(IpAddr, IpAddr)| ProfileKey { kind, subject: from.to_string(), other: to.to_string() };
    let mut keys = BTreeSet::new();
    keys.extend(seen.endpoints.iter().map(|(address, _)| host(ProfileKind::Host, address)));
    keys.extend(seen.links.iter().map(|(ends, _)| pair(ProfileKind::Link, ends)));
    keys.extend(seen.users.iter().map(|(name, _)| ProfileKey {
        kind: ProfileKind::Account,
        subject: name.clone(),
        other: String::new(),
    }));
    // How long two hosts were known to each other is part of what is told of administration.
    for (ends, _) in seen.administrations.iter() {
        keys.insert(pair(ProfileKind::Administration, ends));
        keys.insert(pair(ProfileKind::Link, ends));
    }
    keys.into_iter().collect()
}

/// Puts what is known and what was seen of one together into `whole`; gives it as it is to be stored.
fn merged(
    key: &ProfileKey,
    known: Option<&Learned>,
    seen: &Profiles,
    new: bool,
    whole: &mut Profiles,
) -> Option<Learned> {
    let ends = || Some((key.subject.parse().ok()?, key.other.parse().ok()?));
    match key.kind {
        ProfileKind::Host => {
            let address: IpAddr = key.subject.parse().ok()?;
            let mut profile: Endpoint = together(known, seen.endpoints.get(&address), new)?;
            profile.age();
            whole.endpoints.put(address, &profile);
            let volume = profile.volume;
            let bytes = volume.bytes_out.saturating_add(volume.bytes_in);
            Some(learned(key, &mut profile, volume.conversations, bytes))
        }
        ProfileKind::Link => {
            let ends: (IpAddr, IpAddr) = ends()?;
            let mut profile: Link = together(known, seen.links.get(&ends), new)?;
            profile.age();
            whole.links.put(ends, &profile);
            let volume = profile.volume;
            let bytes = volume.bytes_out.saturating_add(volume.bytes_in);
            Some(learned(key, &mut profile, volume.conversations, bytes))
        }
        ProfileKind::Account => {
            let mut profile = together(known, seen.users.get(key.subject.as_str()), new)?;
            whole.users.put(key.subject.clone(), &profile);
            let exchanges = profile.exchanges;
            Some(learned(key, &mut profile, exchanges, 0))
        }
        ProfileKind::Administration => {
            let ends: (IpAddr, IpAddr) = ends()?;
            let mut profile = together(known, seen.administrations.get(&ends), new)?;
            whole.administrations.put(ends, &profile);
            let uses = profile.shares.saturating_add(profile.programs).saturating_add(profile.services);
            Some(learned(key, &mut profile, uses, 0))
        }
    }
}

/// A profile that was damaged, or is of another program's form, begins anew.
fn together<P: Profile + Bytes>(known: Option<&Learned>, seen: Option<&P>, new: bool) -> Option<P> {
    let known = known.and_then(|known| P::from_bytes(&known.body));
    let seen = seen.filter(|_| new || known.is_none());
    if known.is_none() && seen.is_none() {
        return None;
    }
    let mut profile = known.unwrap_or_default();
    seen.into_iter().for_each(|seen| profile.add(seen));
    Some(profile)
}

fn learned<P: Profile + Bytes>(key: &ProfileKey, profile: &mut P, conversations: u64, volume: u64) -> Learned {
    let span = *profile.span();
    Learned {
        key: key.clone(),
        conversations,
        volume,
        first_seen: sensor::timestamp(span.first_ns),
        last_seen: sensor::timestamp(span.last_ns),
        body: profile.to_bytes(),
    }
}
