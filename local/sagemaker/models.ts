import { invalid } from './errors.ts';
import type { Container, CreateModel } from './requests.ts';

/** The containers of a model. {@link requireContainers} has seen to it that there are some. */
export function containersOf(model: CreateModel): readonly Container[] {
  return model.Containers ?? (model.PrimaryContainer === undefined ? [] : [model.PrimaryContainer]);
}

/** @throws SageMakerError unless the model has a container, or several, each with data that can be told apart. */
export function requireContainers(model: CreateModel): void {
  if ((model.PrimaryContainer === undefined) === (model.Containers === undefined)) {
    throw invalid('Exactly one of PrimaryContainer and Containers must be provided.');
  }
  for (const { ModelDataUrl, ModelDataSource } of containersOf(model)) {
    if (ModelDataUrl === undefined) continue;
    if (ModelDataSource !== undefined) throw invalid('Only one of ModelDataUrl and ModelDataSource may be provided.');
    // ModelDataSource has no such rule: a content-addressed key needs it.
    if (!ModelDataUrl.endsWith('.tar.gz')) throw invalid(`Model data "${ModelDataUrl}" must be a .tar.gz archive.`);
  }
}

/** The single objects in S3 that the model's containers are given. */
export function dataObjectsOf(model: CreateModel): readonly { readonly bucket: string; readonly key: string }[] {
  return containersOf(model).flatMap(({ ModelDataUrl, ModelDataSource }) => {
    const source = ModelDataSource?.S3DataSource;
    const uri = ModelDataUrl ?? (source?.S3DataType === 'S3Object' ? source.S3Uri : '');
    const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
    return bucket === undefined || key === undefined ? [] : [{ bucket, key }];
  });
}

/** The model with all its containers given other data. */
export function withData(model: CreateModel, uri: string): CreateModel {
  const changed = (container: Container): Container => {
    const { ModelDataUrl, ModelDataSource } = container;
    if (ModelDataSource === undefined)
      return ModelDataUrl === undefined ? container : { ...container, ModelDataUrl: uri };
    return {
      ...container,
      ModelDataSource: { ...ModelDataSource, S3DataSource: { ...ModelDataSource.S3DataSource, S3Uri: uri } },
    };
  };
  const { PrimaryContainer, Containers } = model;
  return {
    ...model,
    ...(PrimaryContainer === undefined ? {} : { PrimaryContainer: changed(PrimaryContainer) }),
    ...(Containers === undefined ? {} : { Containers: Containers.map(changed) }),
  };
}
