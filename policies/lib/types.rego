# METADATA
# title: Predicate types that rules read
package countersign.lib.types

cyclonedx := "https://cyclonedx.org/bom"

manifest := "https://countersign.dev/manifest/v1"

scai := "https://in-toto.io/attestation/scai/v0.3"

slsa_provenance := "https://slsa.dev/provenance/v1"

result := "https://in-toto.io/attestation/test-result/v0.1"

vulns := "https://in-toto.io/attestation/vulns/v0.2"
