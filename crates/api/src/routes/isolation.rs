//! Isolation: an endpoint that speaks with nobody but this server, until somebody releases it. One person is enough for
//! either: it concerns one machine, and there is no time.

use super::Answer;
use super::endpoints::detail;
use super::files::reason;
use crate::Problem;
use crate::endpoints::Known;
use crate::extract::{Json, Path};
use crate::session::Caller;
use crate::state::App;
use crate::wire::endpoints::{EndpointDetail, EndpointIsolation, IsolateEndpoint, IsolationAsked, IsolationState};
use axum::extract::State;
use jiff::Timestamp;
use model::Message;
use policy::EndpointId;
use policy::telling::Report;
use serde_json::json;
use store::AskedIsolation;

/// Isolates an endpoint: from then on it speaks with nobody but this server.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/isolate", tag = "endpoints", params(("id" = String, Path)),
    request_body = IsolateEndpoint, responses((status = 200, body = EndpointDetail)))]
pub async fn isolate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(wanted): Json<IsolateEndpoint>,
) -> Answer<EndpointDetail> {
    let (id, known) = led(&app, id)?;
    if known.isolation.as_ref().is_some_and(|asked| asked.isolate) {
        return Err(refused("api.endpoint-isolated", &id, &known));
    }
    ask(&app, &caller, &id, &known, true, &wanted.why).await
}

/// Releases an endpoint: it speaks with everybody again.
#[utoipa::path(post, path = "/api/v1/endpoints/{id}/release", tag = "endpoints", params(("id" = String, Path)),
    request_body = IsolateEndpoint, responses((status = 200, body = EndpointDetail)))]
pub async fn release(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(wanted): Json<IsolateEndpoint>,
) -> Answer<EndpointDetail> {
    let (id, known) = led(&app, id)?;
    // One may say that it is although nobody asked: the database is perhaps of before that.
    let says_so = app.endpoints.report(&id).is_some_and(|report| report.isolation.is_some());
    let was_asked = known.isolation.as_ref().is_some_and(|asked| asked.isolate);
    if !was_asked && !says_so {
        return Err(refused("api.endpoint-not-isolated", &id, &known));
    }
    ask(&app, &caller, &id, &known, false, &wanted.why).await
}

/// An endpoint that can be told something.
fn led(app: &App, id: String) -> Result<(EndpointId, Known), Problem> {
    let id = EndpointId::new(id);
    let known = app.endpoints.find(&id).ok_or_else(|| Problem::not_found("endpoint", &id.0))?;
    let collectors = app.link.get().map(|link| link.register().collectors()).unwrap_or_default();
    let is_revoked = collectors.iter().any(|one| one.collector == known.collector && one.revoked.is_some());
    if is_revoked { Err(refused("api.endpoint-revoked", &id, &known)) } else { Ok((id, known)) }
}

fn refused(code: &str, id: &EndpointId, known: &Known) -> Problem {
    let machine = if known.machine.is_empty() { &id.0 } else { &known.machine };
    Problem::conflict(Message::new(code).with("machine", machine))
}

async fn ask(
    app: &App,
    caller: &Caller,
    id: &EndpointId,
    known: &Known,
    isolate: bool,
    why: &str,
) -> Answer<EndpointDetail> {
    let why = reason(why)?;
    let action = if isolate { "endpoint.isolate" } else { "endpoint.release" };
    let detail_of = json!({ "machine": known.machine, "why": why });
    let act = caller.act(app, action, format!("endpoint:{id}"), detail_of);
    app.isolate_endpoint(id, isolate, (&caller.actor(), &why), &act).await?;
    detail(app, id).await.map(axum::Json)
}

/// What was asked, beside what the endpoint says. `wanted` is the version of the orders that it is to have.
pub(super) fn of(asked: Option<&AskedIsolation>, report: &Report, wanted: u64) -> Option<EndpointIsolation> {
    let told = report.isolation.as_ref();
    let holds = told.is_some_and(|told| told.holds);
    let is_behind = report.orders.is_none_or(|orders| orders < wanted);
    let why = told.and_then(|told| told.why.clone());
    let (state, refused) = match (asked, told) {
        (Some(AskedIsolation { isolate: true, .. }) | None, Some(_)) if holds => (IsolationState::Isolated, None),
        // It says why as soon as it has tried.
        (Some(AskedIsolation { isolate: true, .. }) | None, Some(_)) if why.is_some() => (IsolationState::Refused, why),
        (Some(AskedIsolation { isolate: true, .. }), None) if is_behind && report.refused.is_some() => {
            (IsolationState::Refused, report.refused.clone())
        }
        (Some(AskedIsolation { isolate: true, .. }), _) => (IsolationState::Asked, None),
        (Some(_), Some(_)) if why.is_some() && !is_behind => (IsolationState::NotReleased, why),
        (Some(_), Some(_)) => (IsolationState::ReleaseAsked, None),
        (Some(_) | None, None) | (None, Some(_)) => return None,
    };
    let at = |seconds: u64| i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    Some(EndpointIsolation {
        state,
        asked: asked
            .and_then(|asked| Some(IsolationAsked { at: at(asked.at)?, by: asked.by.clone(), why: asked.why.clone() })),
        since: told.filter(|told| told.holds).and_then(|told| told.since).and_then(at),
        refused,
        repaired: told.map_or(0, |told| told.repaired),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::telling::Isolated;

    fn state(asked: Option<bool>, told: Option<Isolated>, orders: u64, refused: bool) -> Option<IsolationState> {
        let asked = asked.map(|isolate| AskedIsolation {
            isolate,
            by: "ann".to_owned(),
            why: "beacons".to_owned(),
            at: 5,
            id: 3,
            since: 5,
        });
        let refused = refused.then(|| Message::new("policy.orders-needs"));
        let report = Report { isolation: told, orders: Some(orders), refused, ..Report::default() };
        of(asked.as_ref(), &report, 7).map(|isolation| isolation.state)
    }

    #[test]
    fn what_was_asked_is_not_taken_for_what_is() {
        use IsolationState::{Asked, Isolated as Is, NotReleased, Refused, ReleaseAsked};
        let holds = Isolated { id: 3, holds: true, since: Some(6), why: None, repaired: 0 };
        let cannot =
            Isolated { holds: false, since: None, why: Some(Message::new("isolation.pending")), ..holds.clone() };
        let stuck = Isolated { why: Some(Message::new("isolation.not-released")), ..holds.clone() };
        let all = [
            (state(None, None, 7, false), None),
            (state(Some(true), None, 6, false), Some(Asked)),
            (state(Some(true), None, 7, false), Some(Asked)),
            (state(Some(true), None, 6, true), Some(Refused)),
            // What was refused is not what it holds to now.
            (state(Some(true), None, 7, true), Some(Asked)),
            (state(Some(true), Some(holds.clone()), 7, false), Some(Is)),
            (state(Some(true), Some(cannot.clone()), 7, false), Some(Refused)),
            (state(Some(false), Some(holds.clone()), 6, false), Some(ReleaseAsked)),
            (state(Some(false), Some(stuck), 7, false), Some(NotReleased)),
            (state(Some(false), None, 6, false), None),
            // The database is of before it was asked.
            (state(None, Some(holds), 9, false), Some(Is)),
            (state(None, Some(cannot), 9, false), Some(Refused)),
        ];
        for (at, (found, wanted)) in all.into_iter().enumerate() {
            assert_eq!(found, wanted, "case {at}");
        }
    }
}
