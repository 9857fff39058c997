//! A machine that is isolated: it has three neighbours, one of which is where its server is. What is open to and from
//! the others is not any more, whatever happens to the agent, until it is released.

mod plant;

use crate::led::{House, LIMIT, now, orders};
use crate::scrambler::until;
use endpoint::isolation::{self, Allowed, Standing};
use plant::Plant;
use policy::groups::Settings;
use policy::orders::{Isolation, Orders};
use policy::telling::What;
use rustix::process::{Pid, Signal, kill_process};
use std::net::SocketAddr;

fn isolated(orders: Orders) -> Orders {
    orders.isolated(Some(Isolation { id: 2, since: now() }))
}

/// Several steps, since each stands on what the one before left.
#[test]
fn an_isolated_machine_speaks_with_its_server_alone_until_it_is_released() {
    let Some(plant) = Plant::new() else { return };
    let mut house = House::at(&SocketAddr::new(plant.server, 0).to_string());
    let endpoint = house.endpoint(&house.folder().join("home"));
    let agent = plant.serve(&endpoint.home);
    house.order(&endpoint, 1, Settings::default());
    house.reported("led", |report| report.orders == Some(1) && report.isolation.is_none());
    assert_eq!(plant.open_ways(), plant.all_ways());
    let mut open = plant.connections();
    assert!(open.iter_mut().all(plant::Open::answers), "nothing holds them back");

    house.tell_orders(&isolated(orders(&endpoint, 2, Settings::default())), &house.signer);
    let told = house.reported("isolated", |report| report.isolation.as_ref().is_some_and(|told| told.holds));
    let told = told.isolation.unwrap();
    assert_eq!((told.id, told.repaired, told.why), (2, 0, None));
    let at = house.address.clone();
    let only_the_server = || {
        assert_eq!(plant.open_ways(), Vec::<String>::new());
        assert!(plant.reaches_server(&at), "{at}");
    };
    only_the_server();
    for connection in &mut open {
        assert!(!connection.answers(), "a connection that was open before still is: {}", connection.name);
    }
    let status = endpoint.status();
    assert_eq!((&status["report"]["isolation"]["holds"], &status["running"]), (&true.into(), &true.into()));

    // Somebody takes it away.
    plant.on_machine(isolation::release).unwrap();
    house.is_told(
        "that it was put back",
        |what| matches!(what, What::Gap { why, .. } if why.code == "isolation.repaired"),
    );
    let repaired = |count| {
        move |report: &policy::telling::Report| {
            report.isolation.as_ref().is_some_and(|told| (told.holds, told.repaired) == (true, count))
        }
    };
    house.reported("put back", repaired(1));
    only_the_server();

    // The agent is killed, both of its processes: the table is nobody's.
    let worker = agent.worker();
    drop(agent);
    let _ = kill_process(Pid::from_raw(worker).unwrap(), Signal::KILL);
    let address: SocketAddr = at.parse().unwrap();
    let allowed = Allowed { server: [address.ip()].into(), port: address.port(), ..Allowed::default() };
    let of_machine = allowed.clone();
    assert_eq!(plant.on_machine(move || isolation::look(&of_machine)), Ok(Standing::Holds));
    only_the_server();
    let agent = plant.serve(&endpoint.home);
    house.reported("isolated as before", repaired(1));

    // While no agent runs somebody takes it away: it is put back as one begins, before it speaks with anybody.
    let worker = agent.worker();
    drop(agent);
    let _ = kill_process(Pid::from_raw(worker).unwrap(), Signal::KILL);
    plant.on_machine(isolation::release).unwrap();
    let restored = plant.restore(&endpoint.home);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    only_the_server();
    plant.on_machine(isolation::release).unwrap();
    let agent = plant.serve(&endpoint.home);
    house.reported("put back again", repaired(2));
    only_the_server();

    // The server is gone for a while, and leads it as before.
    house.close();
    assert!(until(LIMIT, || plant.on_machine({
        let allowed = allowed.clone();
        move || isolation::look(&allowed) == Ok(Standing::Holds)
    })));
    house.open();
    let slower = Settings { heartbeat_seconds: Some(30), ..Settings::default() };
    house.tell_orders(&isolated(orders(&endpoint, 3, slower)), &house.signer);
    house.reported("led as before", |report| report.orders == Some(3) && repaired(2)(report));
    only_the_server();

    house.order(&endpoint, 4, Settings::default());
    house.reported("released", |report| report.orders == Some(4) && report.isolation.is_none());
    assert_eq!(plant.open_ways(), plant.all_ways());
    assert_eq!(plant.on_machine(isolation::is_there), Ok(false));
    assert!(!endpoint.home.join("isolation.json").exists());
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
}

/// Isolated it would be cut off for good: the server is reached through the machine itself.
#[test]
fn a_machine_that_its_own_server_is_on_is_not_isolated() {
    let Some(plant) = Plant::new() else { return };
    let house = House::at(&SocketAddr::new(plant.server, 0).to_string());
    let endpoint = house.endpoint(&house.folder().join("home"));
    plant.passes_on(&house.address);
    let setup = std::fs::read_to_string(endpoint.home.join("agent.json")).unwrap();
    let here = setup.replace(&house.address, &plant.passed_on_at().to_string());
    std::fs::write(endpoint.home.join("agent.json"), here).unwrap();
    let agent = plant.serve(&endpoint.home);
    house.tell_orders(&isolated(orders(&endpoint, 2, Settings::default())), &house.signer);
    let told = house
        .reported("why not", |report| report.isolation.as_ref().is_some_and(|told| !told.holds && told.why.is_some()));
    assert_eq!(told.isolation.unwrap().why.unwrap().code, "isolation.own-server");
    assert!(told.gaps.iter().any(|gap| gap.code == "isolation.not"), "{:#?}", told.gaps);
    assert_eq!(plant.on_machine(isolation::is_there), Ok(false));
    assert_eq!(plant.open_ways(), plant.all_ways());
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
}

/// Its server is behind a tunnel that the machine makes itself, and what carries that is not let through.
#[test]
fn a_machine_that_would_lose_its_server_is_not_isolated() {
    let Some(plant) = Plant::new() else { return };
    let Some(server) = plant.tunnel() else { return };
    let house = House::at(&SocketAddr::new(server, 0).to_string());
    let endpoint = house.endpoint(&house.folder().join("home"));
    let agent = plant.serve(&endpoint.home);
    house.order(&endpoint, 1, Settings::default());
    house.reported("led", |report| report.orders == Some(1));
    house.tell_orders(&isolated(orders(&endpoint, 2, Settings::default())), &house.signer);
    let told = house
        .reported("why not", |report| report.isolation.as_ref().is_some_and(|told| !told.holds && told.why.is_some()));
    assert_eq!(told.isolation.unwrap().why.unwrap().code, "isolation.cut-off");
    assert_eq!(plant.on_machine(isolation::is_there), Ok(false));
    assert_eq!(plant.open_ways(), plant.all_ways());
    house.order(&endpoint, 3, Settings::default());
    house.reported("led as before", |report| report.orders == Some(3) && report.isolation.is_none());
    assert_eq!(agent.stop().unwrap().status.code(), Some(0));
}
