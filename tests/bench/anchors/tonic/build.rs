// Compiles the two .proto files with protox, so that no protoc is needed on the machine.
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let roots = ["../../../../proto", "../../proto"];
    for root in roots {
        println!("cargo::rerun-if-changed={root}");
    }
    let descriptors = protox::compile(["echo.proto", "bench.proto"], roots)?;
    tonic_prost_build::configure()
        .build_client(false)
        .bytes(".gatehouse.bench")
        .compile_fds(descriptors)?;
    Ok(())
}
