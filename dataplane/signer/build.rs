// Compiles the signer's own .proto files and what they import with protox, so that no protoc is
// needed on the machine.
use std::error::Error;
use std::path::Path;

/// Its messages are the signer's too; its services are the agent's to answer.
const PUBLIC_PACKAGE: &str = "gatehouse.v1";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    let own = [
        "gatehouse/signer/v1/signer.proto",
        "gatehouse/backup/v1/content.proto",
    ];
    let mut descriptors = protox::compile(own, [root])?;
    for file in &mut descriptors.file {
        let path = root.join(file.name());
        // google.protobuf's own are protox's: named, a file that isn't there is one that changed at each build.
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        if file.package() == PUBLIC_PACKAGE {
            file.service.clear();
        }
    }
    tonic_prost_build::configure()
        .codec_path("crate::codec::BoundedCodec")
        // In one order, so that the same message has the same bytes.
        .btree_map(".")
        .compile_fds(descriptors)?;
    Ok(())
}
