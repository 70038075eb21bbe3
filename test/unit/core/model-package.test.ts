import { describe, expect, it } from 'vitest';
import { packageCard, packageGroup } from '../../../lib/core/model-package.ts';
import { isPackageCard } from '../../../local/sagemaker/registry-requests.ts';

describe('the group of an endpoint', () => {
  it('is named by the endpoint', () => {
    expect(packageGroup('countersign-', 'fraud')).toBe('countersign-fraud');
  });

  it('is cut where the name is too long, and still told from one that begins alike', () => {
    const [one, other] = ['a', 'b'].map((end) => packageGroup('countersign-', `${'x'.repeat(62)}${end}`));
    expect(one).toMatch(/^countersign-x{38}-[0-9a-f]{12}$/);
    expect(one).not.toBe(other);
  });
});

describe('a model card in the registry', () => {
  const predicate = (modelCard: object) => ({
    bomFormat: 'CycloneDX',
    metadata: { component: { type: 'machine-learning-model', name: 'fraud', modelCard: { ...modelCard } } },
  });
  const made = (modelCard: object): unknown => {
    const content = packageCard(JSON.parse(JSON.stringify(predicate(modelCard))), 's3://evidence/m', { id: '1' });
    expect(isPackageCard(content ?? '')).toBe(true);
    return JSON.parse(content ?? '');
  };

  it('has the measures, the uses, the limits and the ids of the signed one', () => {
    const card = made({
      quantitativeAnalysis: {
        performanceMetrics: [
          { type: 'accuracy', value: '0.97' },
          { type: 'verdict', value: 'good' },
        ],
      },
      considerations: {
        users: ['analysts'],
        useCases: ['triage'],
        technicalLimitations: ['few samples'],
        ethicalConsiderations: [{ name: 'bias' }],
      },
    });
    expect(card).toEqual({
      model_overview: { model_artifact: ['s3://evidence/m'] },
      intended_uses: { intended_uses: 'Users: analysts Use cases: triage', risk_rating: 'Unknown' },
      evaluation_details: [
        {
          name: 'Model card',
          metric_groups: [
            {
              name: 'Performance metrics',
              metric_data: [
                { name: 'accuracy', type: 'number', value: 0.97 },
                { name: 'verdict', type: 'string', value: 'good' },
              ],
            },
          ],
        },
      ],
      additional_information: {
        ethical_considerations: 'Ethical considerations: bias',
        caveats_and_recommendations: 'Technical limitations: few samples',
        custom_details: { id: '1' },
      },
    });
  });

  it('fits whatever a pipeline wrote', () => {
    const long = 'x'.repeat(5000);
    made({ considerations: { users: [long, long], ethicalConsiderations: ['\u202Eevil\u0000'] } });
    made({ quantitativeAnalysis: { performanceMetrics: [{ type: long, value: long }] } });
    made({ quantitativeAnalysis: { performanceMetrics: [{ type: '', value: '' }] } });
  });

  it('is none where it would be too large, or is no card', () => {
    const performanceMetrics = Array.from({ length: 2000 }, (_, at) => ({ type: `${at}${'y'.repeat(100)}`, value: 1 }));
    const large = predicate({ quantitativeAnalysis: { performanceMetrics } });
    expect(packageCard(large, 's3://evidence/m', {})).toBeUndefined();
    expect(packageCard({ bomFormat: 'CycloneDX' }, 's3://evidence/m', {})).toBeUndefined();
  });
});
