// Compiles the .proto file with protox, so that no protoc is needed on the machine.
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let root = "../../../../proto";
    println!("cargo::rerun-if-changed={root}");
    let descriptors = protox::compile(["crypto.proto"], [root])?;
    tonic_prost_build::configure()
        .build_client(false)
        .compile_fds(descriptors)?;
    Ok(())
}
