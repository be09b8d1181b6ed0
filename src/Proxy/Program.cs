using KubeProxySharp.Proxy.CommandLine;

return ProgramCommandLine.Create().Parse(args).Invoke();
