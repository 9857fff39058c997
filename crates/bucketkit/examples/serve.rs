//! Serves an empty bucket until it is stopped, to try several servers on one machine. Prints what `redoubt up --lake` needs.

fn main() {
    let bucket = bucketkit::bucket();
    for (name, value) in bucket.settings() {
        println!("export {name}='{value}'");
    }
    println!("# redoubt up --lake {}", bucket.address("lake"));
    loop {
        std::thread::park();
    }
}
