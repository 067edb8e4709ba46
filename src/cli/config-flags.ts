import type { Command } from 'commander';
import type { ConfigPaths } from '../config/index.js';

/** The flags that name configuration files, as commander gives them. */
export type ConfigFlags = ConfigPaths;

/** Adds the flags that name configuration files. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('--model-config-path <file>', 'models, devices, RPC port (TOML)')
    .option('--sui-subscriber-path <file>', 'where events come from (TOML)')
    .option('--atoma-sui-client-config-path <file>', 'wallet, badge and contract (TOML)')
    .option('--config-path <file>', 'one file with the tables [inference], [event_subscriber], [client]');
}

/** The files that were named. */
export function pathsOf(flags: ConfigFlags): ConfigPaths {
  const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath, configPath } = flags;
  return {
    ...(modelConfigPath !== undefined && { modelConfigPath }),
    ...(suiSubscriberPath !== undefined && { suiSubscriberPath }),
    ...(atomaSuiClientConfigPath !== undefined && { atomaSuiClientConfigPath }),
    ...(configPath !== undefined && { configPath }),
  };
}
