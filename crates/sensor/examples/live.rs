//! Reads an interface until its input ends, with nothing of the product around it: `live INTERFACE [--eve OUT] [--workers N]`.
//! Prints what was counted, by the sensor and by the kernel.

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("live capture is for Linux");
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use sensor::Options;
    use sensor::live::{Gauge, Live, capture};
    use sensor::output::{Eve, Output};
    use std::fs::File;
    use std::io::{Read, stdin};
    use std::sync::atomic::{AtomicBool, Ordering};

    const RING_BYTES: usize = 64 << 20;
    let (mut interface, mut eve, mut workers) = (String::new(), None::<String>, 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--eve" => eve = arguments.next(),
            "--workers" => workers = arguments.next().unwrap_or_default().parse()?,
            _ => interface = argument,
        }
    }
    let live = Live {
        interface,
        options: Options::default(),
        workers,
        ring_bytes: RING_BYTES,
        promiscuous: true,
        filter: Vec::new(),
        indicators: None,
        evidence: None,
    };
    let outputs = |number: usize| -> Vec<Box<dyn Output>> {
        let file = eve.as_ref().and_then(|path| File::create(format!("{path}.{number}")).ok());
        file.map(|file| Box::new(Eve::new(file)) as Box<dyn Output>).into_iter().collect()
    };
    let (gauge, stop) = (Gauge::default(), AtomicBool::new(false));
    let summary = std::thread::scope(|scope| {
        capture(&live, &outputs, &gauge, &stop, || {
            println!("ready");
            scope.spawn(|| {
                let _ = stdin().read_to_end(&mut Vec::new());
                stop.store(true, Ordering::Relaxed);
            });
        })
    })?;
    println!(
        r#"{{"frames":{},"bytes":{},"flows":{},"received":{},"dropped":{}}}"#,
        summary.counts.frames,
        summary.counts.bytes,
        summary.counts.flows,
        summary.kernel.received,
        summary.kernel.dropped
    );
    Ok(())
}
