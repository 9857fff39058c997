//! Makes the messages and calls of `proto/link.proto`, without a compiler of that language on the machine.

fn main() {
    println!("cargo:rerun-if-changed=proto/link.proto");
    let described = protox::compile(["link.proto"], ["proto"]).expect("proto/link.proto is well-formed");
    tonic_prost_build::configure()
        .build_transport(false)
        .bytes(".")
        .compile_fds(described)
        .expect("cannot write to OUT_DIR");
}
