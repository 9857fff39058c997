//! Kernel and hardware: `/proc/version`, `/proc/cmdline`, `/proc/cpuinfo`, `/proc/meminfo`.

use super::{lines, number, some, value};

/// The release in `Linux version 6.1.0-28-amd64 (…)`.
pub fn release(version: &[u8]) -> Option<String> {
    let text = value(version);
    text.strip_prefix("Linux version ")?.split_whitespace().next().map(str::to_owned)
}

/// The command line that the kernel was started with; everybody on the machine can read it, and not everybody should.
pub fn command_line(bytes: &[u8]) -> Option<String> {
    const SECRET: &[&str] = &["pass", "secret", "token", "psk", "passphrase", "apikey", "credential"];
    let text = some(bytes)?;
    let shown = text.split_whitespace().map(|word| match word.split_once('=') {
        Some((key, _)) if SECRET.iter().any(|part| key.to_ascii_lowercase().contains(part)) => format!("{key}=…"),
        _ => word.to_owned(),
    });
    Some(shown.collect::<Vec<_>>().join(" "))
}

/// What the processors are called, and how many there are.
pub fn processors(cpuinfo: &[u8]) -> (Option<String>, Option<u32>) {
    let mut name = None;
    let mut count = 0;
    for (_, line) in lines(cpuinfo) {
        let Some((key, text)) = assignment(line) else { continue };
        match key {
            b"processor" => count += 1,
            b"model name" | b"Model" | b"Hardware" | b"cpu model" => name = name.or(some(text)),
            _ => {}
        }
    }
    (name, (count > 0).then_some(count))
}

/// All the memory, in KiB.
pub fn memory_kib(meminfo: &[u8]) -> Option<u64> {
    let text = lines(meminfo).filter_map(|(_, line)| assignment(line)).find(|(key, _)| *key == b"MemTotal")?.1;
    number(text.trim_ascii().strip_suffix(b"kB")?)
}

fn assignment(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b':')?;
    let (key, rest) = line.split_at(at);
    Some((key.trim_ascii(), rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_and_hardware_are_read() {
        assert_eq!(
            release(b"Linux version 6.1.0-28-amd64 (debian-kernel@lists.debian.org) (gcc-12)\n").as_deref(),
            Some("6.1.0-28-amd64")
        );
        assert_eq!(release(b"NetBSD 10"), None);
        assert_eq!(
            processors(b"processor\t: 0\nmodel name\t: A CPU\n\nprocessor\t: 1\nmodel name\t: A CPU\n"),
            (Some("A CPU".to_owned()), Some(2))
        );
        assert_eq!(processors(b""), (None, None));
        assert_eq!(memory_kib(b"MemTotal:       24731708 kB\nMemFree: 1 kB\n"), Some(24_731_708));
        assert_eq!(memory_kib(b"MemTotal: many kB\n"), None);
    }

    #[test]
    fn secrets_of_the_command_line_stay_on_the_machine() {
        let shown = command_line(b"ro quiet rd.luks.passphrase=hunter2 api.token=abc root=/dev/sda1\n").unwrap();
        assert_eq!(shown, "ro quiet rd.luks.passphrase=… api.token=… root=/dev/sda1");
    }
}
