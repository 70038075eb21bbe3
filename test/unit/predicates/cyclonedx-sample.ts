import { DIGEST, OTHER_DIGEST } from './refusals.ts';

/** A model card as CycloneDX 1.7 has it, with its data set. */
export const sampleBom = {
  $schema: 'http://cyclonedx.org/schema/bom-1.7.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.7',
  serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
  version: 1,
  metadata: {
    timestamp: '2026-11-21T10:00:00Z',
    authors: [{ name: 'Ada', email: 'ada@example.com' }],
    component: {
      type: 'machine-learning-model',
      'bom-ref': 'model',
      name: 'iris',
      hashes: [{ alg: 'SHA-256', content: DIGEST }],
      licenses: [{ license: { id: 'Apache-2.0' } }],
      modelCard: {
        modelParameters: { approach: { type: 'supervised' }, task: 'classification', datasets: [{ ref: 'iris.csv' }] },
        quantitativeAnalysis: { performanceMetrics: [{ type: 'accuracy', value: '0.97' }] },
      },
    },
  },
  components: [
    {
      type: 'data',
      'bom-ref': 'iris.csv',
      name: 'iris.csv',
      components: [
        {
          type: 'file',
          name: 'part',
          hashes: [
            { alg: 'MD5', content: 'd41d8cd98f00b204e9800998ecf8427e' },
            { alg: 'SHA-256', content: OTHER_DIGEST.toUpperCase() },
          ],
        },
      ],
    },
  ],
};
