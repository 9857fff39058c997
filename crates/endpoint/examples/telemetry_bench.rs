//! How many events a second one core makes: messages of the kernel as bytes in, events as JSON out.
//!
//! `cargo run --release -p endpoint --example telemetry_bench -- 2000000`

#[cfg(target_os = "linux")]
fn main() {
    bench::run(std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(600_000));
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod bench {
    use endpoint::kernel::notice::{What, notice};
    use endpoint::kernel::processes::Program;
    use endpoint::telemetry::assembly::{Assembly, Signal};
    use endpoint::telemetry::event::{FileFacts, Publisher, Source, Text};
    use endpoint::telemetry::facts::Facts;
    use endpoint::telemetry::publisher::Vouch;
    use std::time::Instant;

    struct World(FileFacts);

    impl Vouch for World {
        fn vouch(&mut self, _: i32, _: &Program) -> FileFacts {
            self.0.clone()
        }
        fn user(&mut self, _: u32) -> Option<String> {
            Some("root".to_owned())
        }
    }

    fn message(what: u32, count: u32, data: [i32; 4]) -> Vec<u8> {
        let mut bytes = vec![0; 16];
        bytes.extend([1_u32, 1, count, 0, 0].iter().flat_map(|word| word.to_ne_bytes()));
        bytes.extend([what, 0].iter().flat_map(|word| word.to_ne_bytes()));
        bytes.extend(u64::from(count).to_ne_bytes());
        bytes.extend(data.iter().flat_map(|word| word.to_ne_bytes()));
        bytes
    }

    fn facts(parent: i32) -> Facts {
        let program = Program { path: "/usr/bin/true".into(), device: 1, inode: 2, changed: (3, 4) };
        let arguments = ["true", "--some", "/srv/a/path/of/usual/length"].map(str::to_owned).to_vec();
        Facts { parent, program: Some(program), arguments, folder: "/srv/work".to_owned(), ..Facts::default() }
    }

    pub fn run(events: u32) {
        let publisher = Publisher::Package { name: Text::from("coreutils") };
        let mut assembly = Assembly::new(World(FileFacts { sha256: Some(Text::from(&"ab".repeat(32))), publisher }));
        let (mut told, mut bytes) = (0_u64, 0_usize);
        let mut line = Vec::with_capacity(4096);
        let mut tell = |event| {
            line.clear();
            if serde_json::to_writer(&mut line, &event).is_ok() {
                told += 1;
                bytes += line.len();
            }
        };
        for number in 1..6 {
            assembly.take(Signal::Present { number, facts: Box::new(facts(number - 1)) }, &mut tell);
        }
        let begin = Instant::now();
        for count in 0..events {
            let child = i32::try_from(1000 + count / 3 % 30_000).unwrap_or(1000);
            let message = match count % 3 {
                0 => message(1, count, [5, 5, child, child]),
                1 => message(2, count, [child, child, 0, 0]),
                _ => message(0x8000_0000, count, [child, child, 0, 17]),
            };
            let Some(notice) = notice(&message) else { continue };
            let facts = matches!(notice.what, What::Began { .. }).then(|| Box::new(facts(5)));
            assembly.take(Signal::Process { time: u64::from(count), notice, facts }, &mut tell);
        }
        let seconds = begin.elapsed().as_secs_f64();
        let report = assembly.report();
        let counts = report.sources.iter().find(|it| it.source == Source::Processes).map(|it| it.counts);
        println!(
            "{told} events, {bytes} bytes of JSON in {seconds:.2} s: {:.0} events a second",
            f64::from(events) / seconds
        );
        println!("{counts:?}");
        assert_eq!(told, u64::from(events));
    }
}
