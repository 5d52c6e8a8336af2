import type { Deployment } from './deployment.ts';
import type { Scene } from './scene.ts';
import type { Story } from './story.ts';

/** What every chapter is told with. */
export interface Plot {
  readonly story: Story;
  readonly scene: Scene;
  readonly deployment: Deployment;
}
