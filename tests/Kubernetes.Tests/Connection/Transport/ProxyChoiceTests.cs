using System.Net;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Connection.Transport;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Transport;

public sealed class ProxyChoiceTests
{
    [Theory]
    [InlineData("https://api.example.com:6443", "", true)]
    [InlineData("https://api.example.com:6443", "example.com", false)]
    [InlineData("https://example.com", "example.com", false)]
    [InlineData("https://example.com", ".example.com", true)]
    [InlineData("https://notexample.com", "example.com", true)]
    [InlineData("https://api.example.com", "*.example.com", false)]
    [InlineData("https://api.example.com", "other, *", false)]
    [InlineData("https://10.96.0.1", "10.0.0.0/8", false)]
    [InlineData("https://11.96.0.1", "10.0.0.0/8", true)]
    [InlineData("https://10.96.0.1", "10.96.0.1", false)]
    [InlineData("https://10.96.0.1:6443", "10.96.0.1:6443", false)]
    [InlineData("https://10.96.0.1:6443", "10.96.0.1:443", true)]
    [InlineData("https://[fd00::1]:6443", "fd00::/8", false)]
    [InlineData("https://[fd00::1]:6443", "[fd00::1]:6443", false)]
    [InlineData("https://[fd00::1]:6443", "fd00::2", true)]
    [InlineData("https://localhost", "", false)]
    [InlineData("https://127.0.0.9", "", false)]
    [InlineData("http://api.example.com", "", false)]
    public void TheEnvironmentIsReadByGosRules(string server, string excluded, bool isProxied)
    {
        Dictionary<string, string> variables = new(StringComparer.Ordinal) { ["https_proxy"] = "proxy:3128", ["NO_PROXY"] = excluded };

        WebProxy? proxy = ProxyChoice.FromEnvironment(new(server), variables.GetValueOrDefault);

        proxy?.Address.Should().Be(new Uri("http://proxy:3128"));
        (proxy is not null).Should().Be(isProxied);
    }

    [Fact]
    public void ThePasswordOfAProxyIsKeptOutOfItsAddress()
    {
        WebProxy proxy = ProxyChoice.Parse("socks5://me:p%40ss@proxy:1080", "file", "proxy-url");

        proxy.Address.Should().Be(new Uri("socks5://proxy:1080"));
        proxy.Credentials!.GetCredential(proxy.Address!, "Basic")!.Password.Should().Be("p@ss");
    }

    [Theory]
    [InlineData("ftp://me:hunter2@proxy")]
    [InlineData("http://me:hunter2@")]
    [InlineData("hunter2")]
    public void OtherAddressesAreRefusedWithoutShowingThem(string url)
    {
        FluentActions.Invoking(() => ProxyChoice.Parse(url, "file", "proxy-url"))
            .Should().Throw<ConnectionException>().Which.ToString().Should().NotContain("hunter2");
    }
}
